import datetime as dt

import numpy as np
import polars as pl
import pytest

from backlit.data.plans import (
    BooleanPlan,
    CategoryPlan,
    DatePlan,
    DurationPlan,
    EmptyPlan,
    NumberPlan,
    PiecewisePlan,
    PixelPlan,
    fit_plan,
    plan_from_dict,
)
from backlit.data.table_view import TableView
from backlit.errors import DataError, ModelFileError


def fitted(values, name="x", max_categories=50, dtype=None):
    view = TableView(pl.DataFrame({name: pl.Series(values, dtype=dtype, strict=False)}))
    return fit_plan(view, 0, max_categories)


def encoded(plan, values):
    view = TableView(pl.DataFrame({"x": values}, strict=False))
    features = np.zeros((len(values), len(plan.names())))
    plan.encode(view, 0, features)
    return features.tolist()


def test_each_kind_of_column_gets_its_plan():
    assert fitted([0, 1, 2, 3, 100]) == NumberPlan("x", 2.0, 2.0, missing=False)
    assert fitted([0.0, None, 4.0]) == NumberPlan("x", 2.0, 2.0, missing=True)
    assert fitted([0, 255], "pixel_1", dtype=pl.UInt8) == PixelPlan("pixel_1")
    assert fitted([0, None], "pixel_1", dtype=pl.UInt8) == NumberPlan("pixel_1", 0.0, 0.0, missing=True)
    assert fitted([0, 255], "pixel_1") == NumberPlan("pixel_1", 127.5, 127.5, missing=False)
    assert fitted([True, None]) == BooleanPlan("x", missing=True)
    assert fitted(["b", "a", "b"]) == CategoryPlan("x", ("a", "b"), missing=False)
    assert fitted([None, None]) == EmptyPlan("x")
    assert fitted([float("nan")] * 2) == EmptyPlan("x")
    assert fitted([dt.timedelta(1), dt.timedelta(3)]) == DurationPlan("x", 2.0, 1.0, missing=False)
    assert fitted([dt.date(1970, 1, 2), dt.date(1970, 1, 4)]) == DatePlan("x", 2.0, 1.0, missing=False, clock=False)
    assert fitted([dt.datetime(1970, 1, 2, 12)]) == DatePlan("x", 1.5, 0.0, missing=False, clock=True)


def test_infinity_in_training_is_refused():
    with pytest.raises(DataError, match="Column 'x', row 2"):
        fitted([1.0, float("inf"), None])


def test_rare_categories_share_a_place():
    plan = fitted(["a", "b", "b", "c", "c", "d", "d", "d"], max_categories=2)
    assert plan.values == ("b", "d")
    assert fitted([f"id{i}" for i in range(100)]).values == ()  # none comes twice, so none deserves a place
    assert len(fitted([f"id{i}" for i in range(50)]).values) == 50


def test_places_of_categories():
    plan = CategoryPlan("x", ("1", "a"), missing=True)
    assert plan.names() == ["x = 1", "x = a", "x is other", "x is missing"]
    rows = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert encoded(plan, ["1", "a", "new", None]) == rows
    assert encoded(plan, [1.0, 2.0, None, float("nan")]) == [rows[0], rows[2], rows[3], rows[3]]
    assert encoded(CategoryPlan("x", ("a",), missing=False), ["a", None]) == [[1, 0], [0, 1]]
    with pytest.raises(DataError, match="values of type list"):
        encoded(plan, [[1], [2]])


def test_booleans_are_compact():
    assert encoded(BooleanPlan("x", missing=True), [True, False, None]) == [[1, 0], [-1, 0], [0, 1]]
    assert encoded(BooleanPlan("x", missing=False), ["true", "FALSE", None]) == [[1], [-1], [0]]
    assert encoded(BooleanPlan("x", missing=False), [1.0, 0.0]) == [[1], [-1]]
    with pytest.raises(DataError, match=r"row 2: 7 came where a boolean was expected"):
        encoded(BooleanPlan("x", missing=False), [1, 7])


def test_dates_go_round():
    plan = DatePlan("x", 0.0, 1.0, missing=True, clock=True)
    assert len(plan.names()) == 8
    monday, week_later = encoded(plan, [dt.datetime(2024, 1, 1, 6), dt.datetime(2024, 1, 8, 6)])
    np.testing.assert_allclose(monday[3:5], week_later[3:5], atol=1e-9)
    np.testing.assert_allclose(monday[3:5], [np.sin(np.pi / 14), np.cos(np.pi / 14)], atol=1e-9)
    np.testing.assert_allclose(monday[5:7], [1, 0], atol=1e-9)
    (january,), (july,), (missing,) = (encoded(plan, [d]) for d in (dt.date(2024, 1, 1), dt.date(2024, 7, 2), None))
    assert january[2] > 0.99
    assert july[2] < -0.99
    assert missing == [0] * 7 + [1]
    with pytest.raises(DataError, match="3 came where a date was expected"):
        encoded(plan, [3])


def test_durations_are_days():
    plan = DurationPlan("x", 1.0, 1.0, missing=True)
    rows = encoded(plan, [dt.timedelta(1), None, dt.timedelta(2)])
    np.testing.assert_allclose(rows, [[0, 0], [0, 1], [1 / np.sqrt(1 + 1 / 9), 0]])


PLANS = [
    NumberPlan("x", 0.1, 1 / 3, missing=True),
    PixelPlan("pixel_1"),
    BooleanPlan("x", missing=False),
    CategoryPlan("x", ("a", "b"), missing=True),
    EmptyPlan("x"),
    DurationPlan("x", 1.0, 0.0, missing=False),
    DatePlan("x", 1.0, 2.0, missing=True, clock=True),
    PiecewisePlan(NumberPlan("x", 0.1, 1 / 3, missing=True), (-1.0, 0.1, 3.0)),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.kind)
def test_plans_are_written_read_and_described(plan):
    assert plan_from_dict(plan.to_dict(), "w") == plan
    value = {
        "pixel": 7,
        "number": 2,
        "piecewise": 2,
        "boolean": True,
        "category": "a",
        "empty": 3,
        "duration": dt.timedelta(1),
        "date": dt.date(2020, 1, 1),
    }
    for raw in (value[plan.kind], None):
        assert len(plan.describe(raw)) == len(plan.names())


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.kind)
def test_each_damaged_field_is_named(plan):
    good = plan.to_dict()
    for key in good:
        for wrong in ({"x": 1}, None, float("nan")):
            with pytest.raises(ModelFileError, match=rf"w\.{key}"):
                plan_from_dict({**good, key: wrong}, "w")
        with pytest.raises(ModelFileError, match=rf"w\.{key} is missing"):
            plan_from_dict({k: v for k, v in good.items() if k != key}, "w")
    with pytest.raises(ModelFileError, match="unknown field 'more'"):
        plan_from_dict({**good, "more": 1}, "w")
    with pytest.raises(ModelFileError, match=r"w\.center must be a finite number from -1e\+150 to 1e\+150"):
        plan_from_dict({**PLANS[0].to_dict(), "center": 1e200}, "w")
