"""Tables straight into the estimators: data frames with text and dates, and missing values."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import cross_val_score

from backlit import MLPClassifier, MLPRegressor, TableEncoder
from backlit.data.table_view import TableView
from backlit.errors import DataError, UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
N = 120
COLUMNS = {
    "age": RNG.integers(20, 70, N),
    "color": RNG.choice(["red", "green", "blue"], N),
    "member": RNG.random(N) < 0.5,
    "zip": RNG.choice([10115, 80331, 20095], N),
}
FRAMES = {"pandas": pd.DataFrame(COLUMNS), "polars": pl.DataFrame(COLUMNS)}
Y = (COLUMNS["color"] == "red") ^ (COLUMNS["age"] > 45)
HOLES = {"age": [None if i % 7 == 0 else int(v) for i, v in enumerate(COLUMNS["age"])]} | {
    "color": [None if i % 11 == 0 else str(v) for i, v in enumerate(COLUMNS["color"])]
}


def make(cls, engine, **options):
    parameters = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "engine": engine}
    return cls(**parameters | {"categorical_features": "from_dtype"} | options)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_frames_are_encoded_inside(cls, frame, engine):
    model = make(cls, engine).fit(frame, Y)
    encoder = TableEncoder().fit(frame)
    outside = cls((8,), max_iter=5, random_state=0, engine=engine) if cls is MLPClassifier else None
    if outside is not None:
        outside.fit(encoder.transform(frame), Y)
        np.testing.assert_array_equal(model.predict_proba(frame), outside.predict_proba(encoder.transform(frame)))
    assert list(model.feature_names_in_) == list(COLUMNS) and model.n_features_in_ == 4
    assert model.coefs_[0].shape == (len(encoder.get_feature_names_out()), 8)
    np.testing.assert_array_equal(model.hidden_activations(frame, layer=1), encoder.transform(frame))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))


def test_both_libraries_give_the_same(engine):
    models = [make(MLPRegressor, engine).fit(frame, Y) for frame in FRAMES.values()]
    np.testing.assert_array_equal(*(m.predict(frame) for m, frame in zip(models, FRAMES.values(), strict=True)))
    np.testing.assert_array_equal(models[0].predict(FRAMES["polars"]), models[0].predict(FRAMES["pandas"]))


@pytest.mark.parametrize("chosen", [["zip"], [3], [False, False, False, True]])
def test_chosen_columns_are_categories(chosen, engine):
    model = make(MLPClassifier, engine, categorical_features=chosen).fit(FRAMES["polars"], Y)
    assert "zip = 10115" in model.encoder_.get_feature_names_out()
    with pytest.raises(UnknownNameError, match="no column named 'zap'"):
        model.set_params(categorical_features=["zap"]).fit(FRAMES["polars"], Y)


def test_it_learns_what_the_text_says(engine):
    model = make(MLPClassifier, engine, max_iter=300, learning_rate_init=0.03)
    assert model.fit(FRAMES["pandas"], Y).score(FRAMES["pandas"], Y) > 0.9
    assert cross_val_score(model, FRAMES["polars"], Y, cv=2).mean() > 0.7
    importance = permutation_importance(model, FRAMES["pandas"], Y, n_repeats=3, random_state=0).importances_mean
    assert set(np.argsort(importance)[-2:]) == {0, 1}


@pytest.mark.parametrize("library", [pd, pl])
def test_missing_values(library, engine):
    whole, holes = FRAMES["pandas"][["age", "color"]], library.DataFrame(HOLES)
    model = make(MLPClassifier, engine)
    with pytest.raises(DataError, match=r"contains NaN or other missing values, first in column 'age'"):
        model.fit(holes, Y)
    model.fit(whole, Y)
    with pytest.raises(DataError, match="contains NaN"):
        model.predict(holes if library is pd else holes.to_pandas())
    model.set_params(missing_values="encode").fit(holes, Y)
    assert {"age is missing", "color is missing"} <= set(model.encoder_.get_feature_names_out())
    assert np.isfinite(model.predict_proba(holes)).all()


def test_missing_numbers_in_an_array(engine):
    X = RNG.standard_normal((N, 3))
    X[::5, 1] = np.nan
    model = make(MLPRegressor, engine, categorical_features=None, missing_values="encode").fit(X, Y)
    assert list(model.encoder_.get_feature_names_out()) == ["x0", "x1", "x1 is missing", "x2"]
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(ValueError, match="NaN"):
        clone(model).set_params(missing_values="refuse").fit(X, Y)
    assert model.fit(X.astype(np.float32), Y).coefs_[0].dtype == np.float32


def test_what_is_missing():
    for library, missing in ((pd, [np.nan, None, pd.NA]), (pl, [None, float("nan"), None])):
        for value in missing:
            for column in (["a", value, "b"], [1.5, value, 2.5]):
                if library is pl and isinstance(column[0], str) and value is not None:
                    continue
                assert TableView(library.DataFrame({"c": column})).gaps(0), (library, column)
        for column in (["a", "b"], [1, 2], [True, False], [1.5, 2.5]):
            assert not TableView(library.DataFrame({"c": column})).gaps(0)
    rows = np.array([[1.0, "a"], [np.nan, "b"]], dtype=object)
    assert [TableView(rows).gaps(j) for j in range(2)] == [1, 0]


def test_training_goes_on_with_the_encoder_of_the_beginning(engine):
    frame = FRAMES["polars"]
    model = make(MLPClassifier, engine).partial_fit(frame[:60], Y[:60], classes=[False, True])
    encoder = model.encoder_
    model.partial_fit(frame[60:], Y[60:])
    assert model.encoder_ is encoder
    # one training, cut in epochs
    pieces = make(MLPClassifier, engine)
    for _ in range(5):
        pieces.partial_fit(frame, Y, classes=[False, True])
    np.testing.assert_array_equal(pieces.coefs_[0], make(MLPClassifier, engine).fit(frame, Y).coefs_[0])


def test_validation_frames_and_scorers(engine):
    frame = FRAMES["pandas"]
    model = make(MLPClassifier, engine, scoring="roc_auc").fit(frame[:80], Y[:80], X_val=frame[80:], y_val=Y[80:])
    model.set_params(early_stopping=True).fit(frame, Y)
    assert len(model.validation_scores_) == 5


def test_fit_that_fails_leaves_the_encoder(engine):
    model = make(MLPRegressor, engine, solver="sgd").fit(FRAMES["pandas"], Y)
    before, encoder = model.predict(FRAMES["pandas"]), model.encoder_
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(learning_rate_init=1e200).fit(FRAMES["pandas"][["age", "color", "member", "zip"]][:50], Y[:50])
    assert model.encoder_ is encoder
    np.testing.assert_array_equal(model.predict(FRAMES["pandas"]), before)


def test_wrong_tables_are_refused(engine):
    model = make(MLPClassifier, engine).fit(FRAMES["pandas"], Y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(FRAMES["pandas"].rename(columns={"age": "years"}))
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
        model.predict(FRAMES["pandas"].to_numpy()[:, :3])
    with pytest.raises(TypeError, match=r"Sparse data was passed"):
        model.fit(scipy.sparse.csr_array(np.eye(4)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(FRAMES["pandas"], Y[:50])
    with pytest.raises(ValueError, match="could not convert string to float"):
        make(MLPClassifier, engine, categorical_features=None).fit(FRAMES["pandas"], Y)
