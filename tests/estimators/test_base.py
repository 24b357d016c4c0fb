"""What both estimators share: input of every kind, going on, hygiene."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from backlit import MLPClassifier, MLPRegressor
from backlit.core.network import Network
from backlit.errors import DivergenceError, InvalidInputError, ShapeError, UnknownNameError
from backlit.estimators import prediction
from backlit.training.events import EpochEnded, TrainingEnded, TrainingStarted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
ESTIMATORS = [MLPClassifier, MLPRegressor]


@pytest.fixture(params=ESTIMATORS)
def model(request, engine):
    return request.param(hidden_layer_sizes=(6, 5), max_iter=4, random_state=0, engine=engine)


def outputs(model, rows):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def test_attributes_after_fit(model):
    model.fit(X, Y)
    n_out = 3 if isinstance(model, MLPClassifier) else 1
    assert [coef.shape for coef in model.coefs_] == [(4, 6), (6, 5), (5, n_out)]
    assert [intercept.shape for intercept in model.intercepts_] == [(6,), (5,), (n_out,)]
    assert (model.n_layers_, model.n_outputs_, model.n_features_in_) == (4, n_out, 4)
    assert (model.n_iter_, model.t_) == (4, 600)
    assert len(model.loss_curve_) == len(model.history_) == 4
    assert model.loss_ == model.loss_curve_[-1] and model.best_loss_ == min(model.loss_curve_)
    assert model.validation_scores_ is None and model.best_validation_score_ is None
    assert isinstance(model.network_, Network) and model.network_.sizes == (4, 6, 5, n_out)
    np.testing.assert_array_equal(model.network_.weights[0], model.coefs_[0].T)


def test_refit_begins_anew(model):
    once = clone(model).fit(X, Y)
    twice = model.fit(X[:, :2], Y).fit(X, Y)
    assert once.loss_curve_ == twice.loss_curve_
    np.testing.assert_array_equal(outputs(once, X), outputs(twice, X))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_data_frames_with_names(make, model):
    frame = make({name: X[:, i] for i, name in enumerate("abcd")})
    model.fit(frame, Y)
    assert list(model.feature_names_in_) == list("abcd")
    np.testing.assert_array_equal(outputs(model, frame), outputs(clone(model).fit(X, Y), X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(make({name: X[:, i] for i, name in enumerate("abce")}))


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
def test_sparse_input_is_dense_input(make, model, monkeypatch):
    dense = outputs(clone(model).fit(X, Y), X)
    monkeypatch.setattr(prediction, "_CONVERTED_AT_A_TIME", 20)
    np.testing.assert_allclose(outputs(model.fit(make(X), Y), make(X)), dense, rtol=1e-12)


def test_prediction_goes_in_chunks(model, monkeypatch):
    model.fit(X, Y)
    whole = outputs(model, X)
    lengths, as_matrix = [], prediction.as_input
    monkeypatch.setattr(prediction, "_CONVERTED_AT_A_TIME", 4 * 17)
    monkeypatch.setattr(prediction, "_INTERRUPTED_AFTER", 4 * 40)
    monkeypatch.setattr(prediction, "as_input", lambda X, dtype: lengths.append(X.shape[0]) or as_matrix(X, dtype))
    np.testing.assert_allclose(outputs(model, X), whole, rtol=1e-13)
    assert lengths == []  # as it came
    np.testing.assert_allclose(outputs(model, np.asfortranarray(X)), whole, rtol=1e-13)
    assert lengths == [17] * 8 + [14]


@pytest.mark.parametrize("dtype", ["float32", np.float32])
def test_dtype_overrides(dtype, model):
    model.set_params(dtype=dtype).fit(X, Y)
    assert model.coefs_[0].dtype == np.float32 and outputs(model, X).dtype == np.float32


def test_float32_and_float64_agree(model):
    # the same draws, rounded
    wide = outputs(clone(model).fit(X, Y), X)
    np.testing.assert_allclose(outputs(model.fit(X.astype(np.float32), Y), X), wide, atol=1e-4)


def test_values_too_large_for_float32_are_refused(model):
    large = X.copy()
    large[0, 0] = 1e300
    with pytest.raises(ValueError, match="X holds values too large for float32"):
        clone(model).set_params(dtype="float32").fit(large, Y)
    with pytest.raises(ValueError, match="X holds values too large for float32"):
        model.set_params(dtype="float32").fit(X, Y).predict(large)


@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_training_begins_from_assigned_weights(way, model):
    source = clone(model).set_params(random_state=7).fit(X, Y)
    model.set_params(learning_rate_init=1e-12, warm_start=way == "fit")
    model.coefs_, model.intercepts_ = source.coefs_, source.intercepts_
    classes = {"classes": [0, 1, 2]} if way == "partial_fit" and isinstance(model, MLPClassifier) else {}
    getattr(model, way)(X, Y, **classes)
    np.testing.assert_allclose(outputs(model, X), outputs(source, X), atol=1e-8)
    assert model.coefs_[0] is not source.coefs_[0]


def test_weights_changed_after_fit_are_the_model(model):
    model.fit(X, Y)
    model.coefs_[-1][:] = 0
    model.intercepts_[-1][:] = 0
    expected = 1 / 3 if isinstance(model, MLPClassifier) else 0.0
    np.testing.assert_allclose(outputs(model, X), expected)


def test_assigned_weights_of_the_wrong_shape_are_refused(model):
    model.fit(X, Y).set_params(warm_start=True, hidden_layer_sizes=(6, 7))
    with pytest.raises(ShapeError, match=r"goes on from coefs_ of shapes \[\(4, 6\), \(6, 5\)"):
        model.fit(X, Y)


def test_assigned_weights_alone_are_no_fit(model):
    model.coefs_, model.intercepts_ = [np.zeros((4, 1))], [np.zeros(1)]
    for method in ("predict", "score"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(*([X] if method == "predict" else [X, Y]))
    with pytest.raises(NotFittedError):
        _ = model.network_


@pytest.mark.parametrize(
    "copy_of",
    [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m, 2))],
    ids=["pickle", "deepcopy", "pickle 2"],
)
def test_copies_predict_and_go_on_alike(copy_of, model):
    model.fit(X, Y)
    other = copy_of(model)
    np.testing.assert_array_equal(outputs(other, X), outputs(model, X))
    other.partial_fit(X, Y)
    assert model.n_iter_ == 4 and other.n_iter_ == 5, "the copy shares state with the original"
    model.partial_fit(X, Y)
    np.testing.assert_array_equal(outputs(other, X), outputs(model, X))
    assert other.loss_curve_ == model.loss_curve_


def test_joblib_and_size(model, tmp_path):
    model.set_params(hidden_layer_sizes=(200,), early_stopping=True, solver="adam").fit(
        np.tile(X, (20, 1)), np.tile(Y, 20)
    )
    n_values = model.network_.n_parameters
    joblib.dump(model, tmp_path / "model.joblib")
    # the weights and Adam's two moments, and little else: neither the data nor a second copy of the best weights
    assert (tmp_path / "model.joblib").stat().st_size < 3 * 8 * n_values + 6000
    np.testing.assert_array_equal(outputs(joblib.load(tmp_path / "model.joblib"), X), outputs(model, X))


def test_clone_keeps_parameters_and_nothing_else(model):
    model.fit(X, Y)
    other = clone(model)
    assert other.get_params() == model.get_params()
    assert set(vars(other)) == set(other.get_params())


def test_random_state(engine):
    def predictions(random_state):
        return MLPRegressor(max_iter=3, random_state=random_state, engine=engine).fit(X, Y).predict(X)

    np.testing.assert_array_equal(predictions(5), predictions(5))
    assert (predictions(5) != predictions(6)).all()
    shared = np.random.RandomState(0)
    assert (predictions(shared) != predictions(shared)).all()
    np.testing.assert_array_equal(predictions(np.random.RandomState(0)), predictions(np.random.RandomState(0)))
    np.random.seed(0)  # noqa: NPY002 - what None reads
    first = predictions(None)
    np.random.seed(0)  # noqa: NPY002
    np.testing.assert_array_equal(predictions(None), first)


def test_no_random_numbers_without_need(engine):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    MLPRegressor(max_iter=3, random_state=1, engine=engine).fit(X, Y)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("sizes", [0, -3, (0,), [5, -1], (4, 0, 2)])
def test_layers_without_neurons_are_refused(sizes, model):
    with pytest.raises(ValueError, match="hidden_layer_sizes must be > 0, got"):
        model.set_params(hidden_layer_sizes=sizes).fit(X, Y)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad, model):
    spoiled = X.copy()
    spoiled[3, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.fit(spoiled, Y)
    model.fit(X, Y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(spoiled)


def test_large_batch_is_clipped_with_a_warning(model):
    with pytest.warns(UserWarning, match="batch size of 1000 is larger than the 150 training rows"):
        model.set_params(batch_size=1000).fit(X, Y)
    np.testing.assert_array_equal(outputs(model, X), outputs(clone(model).set_params(batch_size=150).fit(X, Y), X))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", category=UserWarning, message="Stochastic Optimizer")
        model.set_params(batch_size=150).fit(X, Y)


def test_callbacks_hear_and_stop(model):
    heard = []

    def listen(event):
        heard.append(event)
        return isinstance(event, EpochEnded) and event.record.epoch == 2

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(callbacks=[listen], max_iter=50).fit(X, Y)
    assert model.n_iter_ == 2
    assert heard[-1] == TrainingEnded("stopped by a listener", 2, 2)
    assert [event.record.cost for event in heard if isinstance(event, EpochEnded)] == model.loss_curve_


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interrupt_warns_and_keeps_what_was_reached(early_stopping, model):
    def interrupt(event):
        if isinstance(event, EpochEnded) and event.record.epoch == 3:
            raise KeyboardInterrupt

    heard = []
    model.set_params(callbacks=[interrupt, heard.append], early_stopping=early_stopping, max_iter=50)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert heard[-1].reason == "interrupted"
    reference = clone(model).set_params(callbacks=None, max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(outputs(model, X), outputs(reference, X))


def test_unknown_engine_is_refused(model):
    with pytest.raises(ValueError, match="'engine' parameter"):
        model.set_params(engine="gpu").fit(X, Y)
    fitted = model.set_params(engine="reference").fit(X, Y)
    with pytest.raises(UnknownNameError, match="no engine named 'gpu'"):
        fitted.set_params(engine="gpu").predict(X)


def test_threads_do_not_change_bits(model):
    many = np.tile(X, (30, 1))
    results = []
    for n_threads in (1, 2, None):
        model.set_params(n_threads=n_threads, batch_size=4500).fit(many, np.tile(Y, 30))
        results.append(outputs(model, X))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_html_representation(model):
    assert "MLP" in model._repr_html_()
    assert "MLP" in model.fit(X, Y)._repr_html_()


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_parameter_is_described_once(cls):
    described = [
        name for line in cls.__doc__.splitlines() if " : " in line for name in line.strip().split(" : ")[0].split(", ")
    ]
    for name in cls().get_params():
        assert described.count(name) == 1, name


def test_weights_that_are_not_finite_are_never_kept(model):
    def interrupt(event):
        if isinstance(event, TrainingStarted):
            raise KeyboardInterrupt

    # the loop, which would notice, is interrupted before its first step
    n_out = 3 if isinstance(model, MLPClassifier) else 1
    model.set_params(hidden_layer_sizes=(), warm_start=True, callbacks=[interrupt])
    model.coefs_, model.intercepts_ = [np.full((4, n_out), np.nan)], [np.zeros(n_out)]
    with pytest.warns(UserWarning, match="interrupted"), pytest.raises(DivergenceError, match="layer 2"):
        model.fit(X, Y)


def test_warning_as_an_error_loses_nothing(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(X, Y)
    assert model.n_iter_ == 4 and outputs(model, X).shape[0] == 150


def test_precision_is_that_of_training_and_of_float32(model):
    options = {"engine": "reference", "batch_size": 8}
    full = model.set_params(dtype="float32", **options).fit(X, Y)
    rounded = clone(model).set_params(dtype=None, precision="bfloat16").fit(X, Y)
    assert rounded.coefs_[0].dtype == np.float32
    moved = max(np.abs(a - b).max() for a, b in zip(full.coefs_, rounded.coefs_, strict=True))
    assert 1e-6 < moved < 0.05
    same_weights = clone(model).set_params(dtype=None).fit(np.float32(X), Y)
    same_weights.coefs_, same_weights.intercepts_ = rounded.coefs_, rounded.intercepts_
    np.testing.assert_array_equal(rounded.predict(np.float32(X)), same_weights.predict(np.float32(X)))
    with pytest.raises(InvalidInputError, match="float32"):
        rounded.set_params(dtype="float64").fit(X, Y)
