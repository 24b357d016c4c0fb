"""Our estimators inside scikit-learn's tools, with real data and real processes."""

from __future__ import annotations

import pickle
import warnings
from functools import partial

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import DecisionBoundaryDisplay, PartialDependenceDisplay, permutation_importance
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import estimator_html_repr

import backlit as bl

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
INPUTS, NUMBERS = load_diabetes(return_X_y=True)
INPUTS, NUMBERS = 20 * INPUTS, (NUMBERS - 150) / 75

QUICK = {"hidden_layer_sizes": (8,), "max_iter": 30, "batch_size": 25, "learning_rate_init": 0.02, "random_state": 0}
classifier, regressor = partial(bl.MLPClassifier, **QUICK), partial(bl.MLPRegressor, **QUICK)


@pytest.fixture(params=["loky", "threading", pytest.param("multiprocessing", marks=pytest.mark.thorough)])
def backend(request):
    """Two workers that import, fork or share us; what they warn of stays in them."""
    with joblib.parallel_config(request.param, n_jobs=2):
        yield request.param


# Searches and cross-validation


def test_cross_validation_in_workers_gives_the_same_bits(backend):
    alone = cross_val_score(classifier(), X, y, n_jobs=1)
    assert alone.min() > 0.8
    assert cross_val_score(classifier(), X, y).tolist() == alone.tolist()


def test_grid_search_over_a_pipeline(backend):
    grid = {"mlp__hidden_layer_sizes": [(2,), (8,)], "mlp__activation": ["relu", "tanh"], "mlp__l2": [0.0, 10.0]}
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", classifier())])
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    alone = GridSearchCV(pipeline, grid, cv=2, n_jobs=1).fit(X, y)
    assert search.cv_results_["mean_test_score"].tolist() == alone.cv_results_["mean_test_score"].tolist()
    assert search.best_params_["mlp__l2"] == 0.0
    assert search.best_score_ > 0.9
    assert (search.predict(X) == alone.predict(X)).all()


def test_search_into_option_objects():
    from backlit.training.stopping import EarlyStopping

    estimator = classifier(early_stopping=EarlyStopping())
    search = RandomizedSearchCV(estimator, {"early_stopping__patience": [1, 3]}, n_iter=2, cv=2, random_state=0)
    search.fit(X, y)
    assert {each["early_stopping__patience"] for each in search.cv_results_["params"]} == {1, 3}


def test_other_ways_of_validation():
    sizes, training, validation = learning_curve(classifier(), X, y, train_sizes=[0.2, 1.0], cv=3, shuffle=True)
    assert sizes.tolist() == [20, 100]
    assert training.shape == validation.shape == (2, 3)
    assert cross_val_predict(classifier(), X, y, method="predict_proba").shape == (150, 3)
    kept = SequentialFeatureSelector(classifier(), n_features_to_select=1, cv=2).fit(X, y).get_support()
    assert kept.tolist() in ([False, False, True, False], [False, False, False, True])  # the petals tell


# Ensembles and what splits a problem into several

CLASSIFIERS = {
    "calibrated": lambda: CalibratedClassifierCV(classifier(), cv=3),
    "isotonic": lambda: CalibratedClassifierCV(classifier(), cv=3, method="isotonic"),
    "voting": lambda: VotingClassifier([("mlp", classifier()), ("linear", LogisticRegression())], voting="soft"),
    "stacking": lambda: StackingClassifier([("mlp", classifier()), ("linear", LogisticRegression())], cv=3),
    "bagging": lambda: BaggingClassifier(classifier(), 3, random_state=0, n_jobs=2),
    "boosting": lambda: AdaBoostClassifier(classifier(), n_estimators=3, random_state=0),
    "one against the rest": lambda: OneVsRestClassifier(classifier(), n_jobs=2),
    "one against one": lambda: OneVsOneClassifier(classifier()),
    "codes": lambda: OutputCodeClassifier(classifier(), random_state=0),
    "pipeline": lambda: make_pipeline(FeatureUnion([("scale", StandardScaler())]), classifier()),
}
REGRESSORS = {
    "voting": lambda: VotingRegressor([("mlp", regressor()), ("linear", RidgeCV())]),
    "stacking": lambda: StackingRegressor([("mlp", regressor()), ("linear", RidgeCV())], cv=3),
    "bagging": lambda: BaggingRegressor(regressor(), 3, random_state=0, n_jobs=2),
    "boosting": lambda: AdaBoostRegressor(regressor(), n_estimators=3, random_state=0),
    "transformed": lambda: TransformedTargetRegressor(regressor(), transformer=StandardScaler()),
}


# "calibrated" is "isotonic" with another method, and "stacking" is REGRESSORS' too
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.thorough] * (name in ("calibrated", "stacking"))) for name in CLASSIFIERS],
)
def test_composed_classifier(name):
    model = CLASSIFIERS[name]().fit(X, y)
    assert model.score(X, y) > 0.9
    if hasattr(model, "predict_proba"):
        assert model.predict_proba(X).sum(axis=1) == pytest.approx(1)
    assert (clone(model).fit(X, y).predict(X) == model.predict(X)).all()


@pytest.mark.parametrize("name", REGRESSORS)
def test_composed_regressor(name):
    model = REGRESSORS[name]().fit(INPUTS, NUMBERS)
    assert model.score(INPUTS, NUMBERS) > 0.4
    assert (clone(model).fit(INPUTS, NUMBERS).predict(INPUTS) == model.predict(INPUTS)).all()


def test_several_targets():
    labels = np.column_stack([y == 0, y == 1]).astype(int)
    for model in (MultiOutputClassifier(classifier(), n_jobs=2), ClassifierChain(classifier(), random_state=0)):
        assert model.fit(X, labels).score(X, labels) > 0.8
    numbers = np.column_stack([NUMBERS, -NUMBERS])
    for model in (MultiOutputRegressor(regressor()), RegressorChain(regressor())):
        assert model.fit(INPUTS, numbers).score(INPUTS, numbers) > 0.4
    online = MultiOutputClassifier(classifier())
    for _ in range(30):
        online.partial_fit(X, labels, classes=[[0, 1], [0, 1]])
    assert online.score(X, labels) > 0.8


# Weights that find their way


def test_sample_weight_through_a_pipeline():
    spoiled, weight = y.copy(), np.ones(len(y))
    spoiled[::2] = 0
    weight[::2] = 0
    pipeline = make_pipeline(StandardScaler(), classifier())
    heard = pipeline.fit(X, spoiled, mlpclassifier__sample_weight=weight).score(X, y)
    assert heard > 0.9 > clone(pipeline).fit(X, spoiled).score(X, y)


def test_metadata_routing():
    spoiled, weight = y.copy(), np.ones(len(y))
    spoiled[::2] = 0
    weight[::2] = 0
    with config_context(enable_metadata_routing=True):
        plain = classifier()
        asks = clone(plain).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        deaf = clone(plain).set_fit_request(sample_weight=False).set_score_request(sample_weight=True)
        for scaler in ([], [StandardScaler().set_fit_request(sample_weight=False)]):
            score = {
                name: cross_validate(
                    make_pipeline(*scaler, model), X, spoiled, params={"sample_weight": weight}, error_score="raise"
                )["test_score"].mean()
                for name, model in (("asks", asks), ("deaf", deaf))
            }
            assert score["asks"] > score["deaf"] + 0.01
        with pytest.raises(ValueError, match="sample_weight"):  # nobody said whether it is wanted
            cross_validate(plain, X, y, params={"sample_weight": weight}, error_score="raise")
        search = GridSearchCV(asks, {"l2": [0.0]}, cv=2).fit(X, spoiled, sample_weight=weight)
        assert search.best_estimator_.score(X, y) > 0.9
        bagged = BaggingClassifier(asks, 2, random_state=0).fit(X, spoiled, sample_weight=weight)
        assert bagged.score(X, y) > 0.85


# Copies


def test_clone_takes_every_parameter_and_nothing_learned():
    fitted = classifier(l1=0.01, hidden_layer_sizes=[3, 4]).fit(X, y)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "coefs_")


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop", "lbfgs"])
@pytest.mark.parametrize("how", ["pickle", "joblib"])
def test_a_pickle_predicts_and_goes_on_alike(how, solver, tmp_path):
    model = classifier(solver=solver).fit(X, y)
    if how == "pickle":
        copy = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model.joblib", compress=3)
        copy = joblib.load(tmp_path / "model.joblib")
    assert (copy.predict_proba(X) == model.predict_proba(X)).all()
    assert copy.loss_curve_ == model.loss_curve_
    if solver != "lbfgs":
        model.partial_fit(X, y)
        copy.partial_fit(X, y)
        assert all((a == b).all() for a, b in zip(model.coefs_, copy.coefs_, strict=True))


def test_joblib_maps_the_weights_of_a_large_model(tmp_path):
    # memory-mapped arrays cannot be written to
    model = classifier(hidden_layer_sizes=(64,)).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert (mapped.predict(X) == model.predict(X)).all()
    assert (mapped.partial_fit(X, y).predict_proba(X) == model.partial_fit(X, y).predict_proba(X)).all()


# What people look at


def test_html():
    page = estimator_html_repr(make_pipeline(StandardScaler(), classifier()))
    assert "MLPClassifier" in page
    assert "learning_rate_init" in page
    assert "fitted" in classifier().fit(X, y)._repr_html_()


def test_repr_shows_what_was_changed():
    assert repr(bl.MLPClassifier((5,), l2=0.1)) == "MLPClassifier(hidden_layer_sizes=(5,), l2=0.1)"


def test_permutation_importance(backend):
    noise = np.random.default_rng(0).standard_normal((150, 1))
    model = classifier().fit(np.hstack([X, noise]), y)
    importances = permutation_importance(model, np.hstack([X, noise]), y, n_repeats=3, random_state=0)
    assert importances.importances_mean[4] < 0.05 < importances.importances_mean[2:4].max()


def test_displays():
    two = classifier().fit(X[:, 2:], y)
    drawn = PartialDependenceDisplay.from_estimator(two, X[:, 2:], [0, (0, 1)], target=1, grid_resolution=5)
    assert drawn.axes_.shape == (1, 2)
    assert PartialDependenceDisplay.from_estimator(
        regressor().fit(INPUTS, NUMBERS), INPUTS, [2], kind="both", grid_resolution=5
    ).lines_.size
    assert DecisionBoundaryDisplay.from_estimator(two, X[:, 2:], response_method="predict").response.max() == 2
    assert ConfusionMatrixDisplay.from_estimator(two, X[:, 2:], y).confusion_matrix.sum() == 150


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_columns_through_set_output(library):
    import pandas as pd

    names = [f"f{j}" for j in range(4)]
    frame = pd.DataFrame(X, columns=names).assign(kind=np.where(X[:, 0] > 0, "long", "short"))
    encode = make_column_transformer(
        (StandardScaler(), names), (OneHotEncoder(sparse_output=False, drop="first"), ["kind"])
    )
    pipeline = make_pipeline(encode, classifier()).set_output(transform=library).fit(frame, y)
    assert pipeline[-1].feature_names_in_[-1] == "onehotencoder__kind_short"
    with warnings.catch_warnings(action="error", category=UserWarning):
        assert pipeline.score(frame, y) > 0.9
    with pytest.raises(ValueError, match="feature names should match"):
        pipeline[-1].predict(pd.DataFrame(X, columns=list("abcd")).assign(e=0.0))


def test_the_warning_is_scikit_learns_own():
    with pytest.warns(ConvergenceWarning):
        classifier(max_iter=1).fit(X, y)
