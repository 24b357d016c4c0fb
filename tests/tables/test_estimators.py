import datetime as dt
import doctest
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skops.io
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from backlit import (
    TRUSTED_TYPES,
    ColumnChoices,
    TableModel,
    TabularClassifier,
    TabularRegressor,
    demon,
    explain,
    to_c,
)
from backlit.errors import DataError, InvalidInputError, UnknownNameError
from backlit.tables import estimators

N = 100
TINY = {"epochs": 20, "options": {"hidden": (8,), "learning_rate": 0.1}, "random_state": 0}


def raw():
    """A frame of numbers with a gap, text and dates, and what is to be told: whether the number is above 0."""
    rng = np.random.default_rng(0)
    size = rng.standard_normal(N)
    frame = pl.DataFrame(
        {
            "size": [None, *size[1:]],
            "word": rng.choice(["x", "y", None], N).tolist(),
            "day": [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(N)],
        }
    )
    return frame, size > 0


# scikit-learn passes over its checks of sample weights, which fit does not take; all others hold
@parametrize_with_checks(
    [cls(epochs=20, options={"hidden": (16,), "learning_rate": 0.1}) for cls in (TabularClassifier, TabularRegressor)]
)
def test_scikit_learn_estimator_checks(estimator, check, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    check(estimator)


@pytest.mark.parametrize(
    "as_given",
    [
        lambda frame: frame,
        lambda frame: frame.to_pandas(),
        lambda frame: frame.to_pandas().astype({"word": "category"}).set_index(np.arange(N)[::-1]),
        lambda frame: frame.to_arrow(),
        lambda frame: frame.to_pandas().to_numpy(),
    ],
    ids=["polars", "pandas", "pandas with an index and categories", "pyarrow", "array"],
)
def test_raw_tables_of_any_library_are_taken(as_given):
    frame, above = raw()
    X = as_given(frame)
    model = TabularClassifier(**TINY).fit(X, above)
    assert model.score(X, above) > 0.85
    assert model.n_features_in_ == 3
    kinds = {column.name: column.kind for column in model.model_.encoder.schema_.columns}
    assert list(kinds.values()) == ["number", "category", "date"]


@pytest.mark.parametrize(
    "labels",
    [
        np.array([False, True]),
        np.array([7, -1], dtype=np.int16),
        np.array([20, 100]),
        np.array([1.0, 2.0]),
        np.array(["yes", "no"]),
        np.array(["NA", "1.50"], dtype=object),
        np.array(["10", "9"]),
    ],
    ids=repr,
)
def test_labels_come_back_as_they_were(labels):
    frame, above = raw()
    y = labels[above.astype(int)]
    model = TabularClassifier(**TINY).fit(frame, y)
    assert model.classes_.tolist() == sorted(labels.tolist()) and model.classes_.dtype == y.dtype
    told = model.predict(frame)
    assert told.dtype == y.dtype and np.mean(told == y) > 0.85
    np.testing.assert_array_equal(model.classes_[model.predict_proba(frame).argmax(axis=1)], told)


def test_y_is_joined_under_a_name_that_no_column_has():
    frame, above = raw()
    y = above.astype(float)
    assert TabularRegressor(**TINY).fit(frame, pd.Series(y, name="price")).model_.target.name == "price"
    model = TabularRegressor(**TINY).fit(frame, pl.Series("size", y)).model_
    assert (model.target.name, model.encoder.feature_names_in_.tolist()) == ("size_", ["size", "word", "day"])


@pytest.mark.parametrize(
    "validation_data",
    [lambda frame, y: (frame, y), lambda frame, y: frame.with_columns(target=pl.Series(y))],
    ids=["pair", "frame"],
)
def test_validation_rows_tell_which_epoch_was_best(validation_data):
    frame, above = raw()
    y = above.astype(float)
    held_out = TabularRegressor(**TINY).fit(frame, y, validation_data=validation_data(frame[::3], y[::3]))
    table = frame.with_columns(target=pl.Series(y))
    options = held_out._training()
    same = TableModel.train(table, "target", options, task="regression", validation_table=table[::3])
    np.testing.assert_array_equal(held_out.predict(frame), same.predict(frame).values)
    assert (held_out.predict(frame) != TabularRegressor(**TINY).fit(frame, y).predict(frame)).any()


def test_what_is_given_goes_before_the_preset():
    frame, above = raw()
    small = TINY | {"options": {"hidden": (8,), "dropout": 0.0}}
    model = TabularClassifier("tabular-best", members=2, max_time=1e-9, **small).fit(frame, above)
    options = model.model_.training["options"]
    assert (model.model_.n_members, options["hidden"], options["dropout"], options["n_bins"]) == (
        2,
        [8],
        0.0,
        max(8, len(frame) // 30),
    )
    assert model.n_iter_ == 1
    # also where it is what the plain options are
    scaled = TabularClassifier(epochs=1, options={"hidden": (8,), "numbers": "scaled"}).fit(frame, above)
    assert "numbers" not in scaled.model_.training["options"]
    columns = TabularClassifier(columns={"word": "text"}, **TINY).fit(frame, above).model_.encoder.schema_.columns
    assert [column.kind for column in columns] == ["number", "text", "date"]


def test_it_goes_through_scikit_learns_tools():
    frame, above = raw()
    model = TabularClassifier(**TINY).fit(frame, above)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(frame), model.predict(frame))
    assert clone(model).get_params() == model.get_params()
    search = GridSearchCV(model, {"preset": ["plain", "tabular"]}, cv=2).fit(frame.to_pandas(), above)
    assert search.best_estimator_.preset in ("plain", "tabular")
    pipeline = make_pipeline(FunctionTransformer(lambda X: X[["size", "word"]]), model)
    assert cross_val_score(pipeline, frame.to_pandas(), above, cv=2).min() > 0.7


@pytest.mark.parametrize("cls", [TabularClassifier, TabularRegressor])
def test_what_it_trained_opens_everywhere(cls):
    frame, above = raw()
    y = np.where(above, "yes", "no") if cls is TabularClassifier else np.arange(N) / 7
    model = cls(**TINY, members=2).fit(frame, y)
    step, own = explain(model, frame[:2], y[:2]), explain(model.model_, frame[:2].with_columns(target=y[:2]))
    assert step.to_dict() == own.to_dict()
    assert explain(model, frame[:1]).cost is None
    numbers = cls(**TINY).fit(frame.select("size"), y)
    assert to_c(numbers) == to_c(numbers.model_)
    again = skops.io.loads(skops.io.dumps(model), trusted=list(TRUSTED_TYPES))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    with pytest.raises(InvalidInputError, match="needs the targets y"):
        demon(model, frame[:1])


def test_what_is_wrong_is_said():
    frame, above = raw()
    with pytest.raises(UnknownNameError, match="no option named 'hiden'"):
        TabularClassifier(options={"hiden": (3,)}).fit(frame, above)
    with pytest.raises(InvalidInputError, match="'seed', which is a parameter of its own: random_state=3"):
        TabularClassifier(options={"seed": 3}).fit(frame, above)
    with pytest.raises(InvalidInputError, match="a pair of X and y, or a frame, but 3 parts came"):
        TabularClassifier(**TINY).fit(frame, above, validation_data=(frame, above, None))
    with pytest.raises(DataError, match="labels '99' are lost when the table is read"):
        TabularClassifier(columns=ColumnChoices(missing=("99",)), **TINY).fit(frame, ["a", "b", "99", "a"] * 25)
    with pytest.raises(DataError, match="y has 1 class, 'a'"):
        TabularClassifier().fit(frame, ["a"] * N)
    with pytest.raises(DataError, match="A regressor learns numbers"):
        TabularRegressor().fit(frame, above.astype(str))


def test_remarks_are_printed_where_asked_for(capsys):
    frame, above = raw()
    TabularClassifier(**TINY).fit(frame, above)
    assert capsys.readouterr().out == ""
    TabularClassifier(**TINY, verbose=1).fit(frame, above)
    assert capsys.readouterr().out.startswith("Columns:")


def test_what_was_lost_is_warned_of():
    frame, above = raw()
    with_id = frame.with_columns(row_id=np.arange(N))
    with pytest.warns(DataConversionWarning, match="row_id: identifier, left out"):
        TabularClassifier(**TINY).fit(with_id, above)
    few = above.astype(str).tolist()
    few[0] = "rare"
    with pytest.warns(UserWarning, match="The class 'rare' has a single row: no other row can tell"):
        TabularClassifier(**TINY).fit(frame, few)
    long = pl.DataFrame({"x": np.arange(700.0)})
    with pytest.warns(ConvergenceWarning, match="1e-09 s of max_time were over before the first epoch"):
        TabularRegressor(max_time=1e-9, options={"hidden": (2,), "batch_size": 1}).fit(long, long["x"])


def test_the_examples_run():
    failed, tried = doctest.testmod(estimators)
    assert failed == 0 and tried > 5
