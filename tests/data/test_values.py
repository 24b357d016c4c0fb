import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from backlit.data.values import canonical_text, is_missing, kind_of, number_of, plain

NOON = dt.datetime(1970, 1, 2, 12)


def test_missing_values_of_every_library():
    for value in (None, float("nan"), np.float32("nan"), np.datetime64("NaT"), pd.NA, pd.NaT, Decimal("nan")):
        assert is_missing(value)
    for value in ("", 0, False, "NaN", float("inf")):
        assert not is_missing(value)


@pytest.mark.parametrize(
    ("spellings", "text"),
    [
        ((1, 1.0, np.int8(1), np.float32(1), "1", "1.0", Decimal("1.0")), "1"),
        ((-3, -3.0, "-3.00"), "-3"),
        ((0.1, np.float32(0.1), "0.1"), "0.1"),
        ((True, np.True_, "True", "true", "TRUE"), "true"),
        ((dt.date(2020, 1, 2), dt.datetime(2020, 1, 2), pd.Timestamp("2020-01-02"), "2020-01-02"), "2020-01-02"),
        ((" a ",), " a "),
        ((1e300,), str(int(1e300))),
        ((float("inf"),), "inf"),
        (("1.0.0",), "1.0.0"),
    ],
)
def test_one_category_has_one_text(spellings, text):
    assert {canonical_text(value) for value in spellings} == {text}


@pytest.mark.parametrize(
    ("value", "kind", "number"),
    [
        (NOON, "date", 1.5),
        (NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=12))), "date", 1.0),
        (dt.date(1970, 1, 3), "date", 2.0),
        (np.datetime64("1970-01-02T12"), "date", 1.5),
        (dt.timedelta(hours=6), "duration", 0.25),
        (np.timedelta64(6, "h"), "duration", 0.25),
        (dt.time(6), "duration", 0.25),
        ("True", "boolean", 1.0),
        (0.0, "boolean", 0.0),
        (" 2.5 ", "number", 2.5),
        (True, "number", 1.0),
        (Decimal("1.5"), "number", 1.5),
    ],
)
def test_numbers_of_values(value, kind, number):
    assert number_of(value, kind) == number


@pytest.mark.parametrize(
    ("value", "kind"),
    [("x", "number"), ("1_000", "number"), (NOON, "number"), (3, "date"), ("1", "duration"), (2, "boolean")],
)
def test_values_that_are_no_number_of_the_kind(value, kind):
    with pytest.raises(ValueError):
        number_of(value, kind)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([None, float("nan")], "empty"),
        ([1, 2.5, None], "number"),
        ([True, None], "boolean"),
        ([True, 1], "category"),
        ([1, "a"], "category"),
        ([NOON, None], "date"),
        ([dt.timedelta(1)], "duration"),
    ],
)
def test_kind_of(values, kind):
    assert kind_of(values) == kind


def test_nested_values_have_no_kind():
    with pytest.raises(TypeError, match="list"):
        kind_of([[1], [2]])


def test_plain_is_what_json_can_hold():
    assert [plain(v) for v in (np.int64(1), np.str_("a"), pd.NA, Decimal("1.5"), dt.date(2020, 1, 1), np.True_)] == [
        1,
        "a",
        None,
        1.5,
        "2020-01-01",
        True,
    ]
