"""A column means the same by whichever door it comes: files, and the frames of every library.

One table with a column of each type goes through every door. A model is trained by each, and asked by all of them.
"""

from __future__ import annotations

import datetime as dt
import uuid
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.exceptions import DataConversionWarning

import needs
from backlit.data import TableEncoder
from backlit.data.columns.choices import ColumnChoices
from backlit.data.formats.table_file import read_table_file
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining

N = 24
ROWS = range(N)
TINY = TableTraining(hidden=(2,), epochs=1, validation_fraction=0, batch_size=N, dtype="float64")
WHOLE = [(7 * i) % 11 + 1 for i in ROWS]
HALVES = [n + 0.5 for n in WHOLE]
FLAGS = [n % 3 == 0 for n in WHOLE]
WORDS = [("ash", "elm", "oak")[n % 3] for n in WHOLE]
MOMENTS = [dt.datetime(2020, 1, 1) + dt.timedelta(days=31 * n, hours=7 * n) for n in WHOLE]
DAYS = [moment.date() for moment in MOMENTS]
CLOCKS = [moment.time() for moment in MOMENTS]
SPANS = [dt.timedelta(hours=5 * n) for n in WHOLE]
MONEY = [Decimal(n) / 4 for n in WHOLE]
FEW = [n % 4 for n in WHOLE]


def gaps(values: list[Any]) -> list[Any]:
    return [None if i == 4 else value for i, value in enumerate(values)]


@dataclass
class Column:
    """A column in each library, and what a door makes of it that cannot hold its type."""

    pandas: Callable[[], Any]
    polars: Callable[[], Any]
    pyarrow: Callable[[], Any]
    csv: str = ""
    parquet: str = ""


def typed(values, pandas, polars, arrow, **makes):
    return Column(
        lambda: pd.Series(values, dtype=pandas),
        lambda: pl.Series(values, dtype=polars),
        lambda: pa.array(values, arrow),
        **makes,
    )


def arrow_in_pandas(values, polars, arrow):
    return Column(
        lambda: pd.Series(values, dtype=pd.ArrowDtype(arrow)),
        lambda: pl.Series(values, dtype=polars),
        lambda: pa.array(values, arrow),
    )


def of_pandas_alone(make, values, **makes):
    """A type that only pandas has; the other libraries hold what it means."""
    return Column(make, lambda: pl.Series(values), lambda: pa.array(values), **makes)


def category(values, **makes):
    """polars has categories of text alone, so that it is told which columns are."""
    return Column(
        lambda: pd.Series(values).astype("category"),
        lambda: pl.Series(values),
        lambda: pa.array(values).dictionary_encode(),
        **makes,
    )


def moments(unit, zone=None):
    def of_pandas():
        naive = pd.Series(MOMENTS).astype(f"datetime64[{unit}]")
        return naive if zone is None else naive.dt.tz_localize("UTC").dt.tz_convert(zone)

    in_polars = "ms" if unit == "s" else unit
    return Column(
        of_pandas,
        lambda: (
            pl.Series(MOMENTS, dtype=pl.Datetime(in_polars, "UTC" if zone else None)).dt.convert_time_zone(zone)
            if zone
            else pl.Series(MOMENTS, dtype=pl.Datetime(in_polars))
        ),
        lambda: pa.array(MOMENTS, pa.timestamp(unit, zone)),
        csv="date" if zone else "",
    )


def spans(unit):
    in_polars = "ms" if unit == "s" else unit
    return Column(
        lambda: pd.Series(SPANS).astype(f"timedelta64[{unit}]"),
        lambda: pl.Series(SPANS, dtype=pl.Duration(in_polars)),
        lambda: pa.array(SPANS, pa.duration(unit)),
    )


# `csv` and `parquet` say what the column is there where it is something else than in a frame:
# - text tells no category of numbers from numbers, and of a zone it has the offset alone, so that UTC counts;
# - digits of which 64 bits hold no number are codes, unless their type says that they are numbers;
# - Parquet has categories of text alone; what pandas meant by a column is written beside it, what pyarrow meant is not.
COLUMNS = {
    "bool": typed(FLAGS, "bool", pl.Boolean, pa.bool_()),
    **{f"int{k}": typed(WHOLE, f"int{k}", getattr(pl, f"Int{k}"), getattr(pa, f"int{k}")()) for k in (8, 16, 32, 64)},
    **{
        f"uint{k}": typed(WHOLE, f"uint{k}", getattr(pl, f"UInt{k}"), getattr(pa, f"uint{k}")())
        for k in (8, 16, 32, 64)
    },
    "float16": Column(
        lambda: pd.Series(HALVES, dtype="float16"),
        lambda: pl.Series(HALVES, dtype=pl.Float32),
        lambda: pa.array(np.array(HALVES, np.float16)),
    ),
    "float32": typed(HALVES, "float32", pl.Float32, pa.float32()),
    "float64": typed(HALVES, "float64", pl.Float64, pa.float64()),
    "nullable int": typed(gaps(WHOLE), "Int64", pl.Int64, pa.int64()),
    "nullable float": typed(gaps(HALVES), "Float64", pl.Float64, pa.float64()),
    "nullable flag": typed(gaps(FLAGS), "boolean", pl.Boolean, pa.bool_()),
    "int128": Column(
        lambda: pd.Series(WHOLE, dtype=object), lambda: pl.Series(WHOLE, dtype=pl.Int128), lambda: pa.array(WHOLE)
    ),
    "beyond 2^53": typed([10**17 + n for n in WHOLE], "int64", pl.Int64, pa.int64()),
    "beyond 2^63": typed([2**63 + n for n in WHOLE], "uint64", pl.UInt64, pa.uint64(), csv="category"),
    "decimal128": arrow_in_pandas(MONEY, pl.Decimal(10, 2), pa.decimal128(10, 2)),
    "decimal of objects": Column(lambda: pd.Series(MONEY), lambda: pl.Series(MONEY), lambda: pa.array(MONEY)),
    "string": typed(gaps(WORDS), "string", pl.String, pa.string()),
    "str": typed(gaps(WORDS), "str", pl.String, pa.large_string()),
    "text of objects": typed(gaps(WORDS), "object", pl.String, pa.string()),
    "category of text": Column(
        lambda: pd.Series(gaps(WORDS)).astype("category"),
        lambda: pl.Series(gaps(WORDS), dtype=pl.Categorical),
        lambda: pa.array(gaps(WORDS)).dictionary_encode(),
    ),
    "enum": Column(
        lambda: pd.Series(pd.Categorical(WORDS, ["oak", "elm", "ash"], ordered=True)),
        lambda: pl.Series(WORDS, dtype=pl.Enum(["oak", "elm", "ash"])),
        lambda: pa.array(WORDS).dictionary_encode(),
    ),
    "category of ints": category(gaps(FEW), csv="number", parquet="number"),
    "category of floats": category([n + 0.5 for n in FEW], csv="number", parquet="number"),
    "category of flags": category(FLAGS, csv="flag", parquet="flag"),
    "category of days": category([DAYS[n] for n in FEW], csv="date", parquet="date"),
    "date": arrow_in_pandas(gaps(DAYS), pl.Date, pa.date32()),
    "date64": arrow_in_pandas(DAYS, pl.Date, pa.date64()),
    "date of objects": Column(lambda: pd.Series(DAYS), lambda: pl.Series(DAYS), lambda: pa.array(DAYS)),
    **{f"moment in {unit}": moments(unit) for unit in ("s", "ms", "us", "ns")},
    **{f"moment in {unit} in Berlin": moments(unit, "Europe/Berlin") for unit in ("s", "us")},
    "time32": arrow_in_pandas(CLOCKS, pl.Time, pa.time32("s")),
    "time64": arrow_in_pandas(CLOCKS, pl.Time, pa.time64("us")),
    "time of objects": Column(lambda: pd.Series(CLOCKS), lambda: pl.Series(CLOCKS), lambda: pa.array(CLOCKS)),
    **{f"span in {unit}": spans(unit) for unit in ("s", "ms", "us", "ns")},
    "period": of_pandas_alone(
        lambda: pd.Series(pd.PeriodIndex([f"2020-{n:02}" for n in WHOLE], freq="M")),
        [dt.date(2020, n, 1) for n in WHOLE],
    ),
    "interval": of_pandas_alone(
        lambda: pd.Series(pd.IntervalIndex.from_tuples([(n, n + 1) for n in FEW])), [f"({n}, {n + 1}]" for n in FEW]
    ),
    "nothing": typed([None] * N, "object", pl.Null, pa.null()),
    "uuid": Column(
        lambda: pd.Series([str(uuid.UUID(int=n)) for n in FEW]),
        lambda: pl.Series([uuid.UUID(int=n) for n in FEW], dtype=pl.Object),
        lambda: pa.array([str(uuid.UUID(int=n)) for n in FEW]),
    ),
}
# Parquet of pandas cannot be written with these
FRAMES_ALONE = {
    "sparse": of_pandas_alone(lambda: pd.Series(pd.arrays.SparseArray(HALVES)), HALVES),
    "mixed objects": of_pandas_alone(
        lambda: pd.Series([1, "a", 2.5, True] * 6, dtype=object), ["1", "a", "2.5", "True"] * 6
    ),
    "numbers and a word": of_pandas_alone(
        lambda: pd.Series([*HALVES[:-1], "unknown"], dtype=object), [*map(str, HALVES[:-1]), "unknown"]
    ),
    "mixed numbers": of_pandas_alone(
        lambda: pd.Series([1, Decimal("1.5"), 2.5, None] * 6, dtype=object), [1.0, 1.5, 2.5, None] * 6
    ),
    "decimal256": Column(
        lambda: pd.Series(MONEY, dtype=pd.ArrowDtype(pa.decimal256(60, 2))),
        lambda: pl.Series(MONEY),
        lambda: pa.array(MONEY, pa.decimal256(60, 2)),
    ),
    "beyond 2^64": Column(
        lambda: pd.Series([10**25 + n for n in WHOLE], dtype=object),
        lambda: pl.Series([10**25 + n for n in WHOLE], dtype=pl.Int128),
        lambda: pa.array([10**25 + n for n in WHOLE], pa.decimal128(38, 0)),
        csv="category",
    ),
    "zone without a name": Column(
        lambda: pd.Series(MOMENTS).dt.tz_localize("UTC").dt.tz_convert(dt.timezone(dt.timedelta(hours=5, minutes=30))),
        lambda: pl.Series(MOMENTS, dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone("Asia/Kolkata"),
        lambda: pa.array(MOMENTS, pa.timestamp("us", "+05:30")),
        csv="date",
    ),
}
EVERY = COLUMNS | FRAMES_ALONE
TARGET = [n * 0.25 + i % 3 for i, n in enumerate(WHOLE)]
CATEGORIES = {"category of ints", "category of floats", "category of flags", "category of days"}
UNLIKE = {"pandas.csv": "csv", "pyarrow.parquet": "parquet"}


LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def frame(library, names):
    return LIBRARIES[library]({name: getattr(EVERY[name], library)() for name in names} | {"y": TARGET})


@pytest.fixture(scope="module", params=[COLUMNS, FRAMES_ALONE], ids=["all doors", "all but Parquet"])
def doors(request, tmp_path_factory):
    """Each door: the table that comes by it, and what is known of its columns."""
    names, folder = request.param, tmp_path_factory.mktemp("doors")
    told = ColumnChoices().with_categories(CATEGORIES & names.keys())
    frames = {library: frame(library, names) for library in ("pandas", "polars", "pyarrow")}
    tables = {
        "pandas": (frames["pandas"], None),
        "polars": (frames["polars"], told),
        "pyarrow": (frames["pyarrow"], None),
        "narwhals": (nw.from_native(frames["pandas"]), None),
        "lazy polars": (frames["polars"].lazy(), told),
    }
    frames["pandas"].to_csv(folder / "pandas.csv", index=False)
    if names is COLUMNS:
        frames["pandas"].to_parquet(folder / "pandas.parquet")
        pq.write_table(frames["pyarrow"], folder / "pyarrow.parquet")
    for path in folder.iterdir():
        file = read_table_file(path, plain_numbers=True, as_text=["y"])
        tables[path.name] = file.frame, ColumnChoices().for_file(file)
    return tables


@pytest.fixture(scope="module")
def models(doors):
    return {door: TableModel.train(table, "y", TINY, columns=told) for door, (table, told) in doors.items()}


def by_column(model, table):
    x, begin, found = model.encoder.transform(table), 0, {}
    for plan in model.encoder.plans_:
        end = begin + len(plan.names())
        found[plan.column], begin = (plan.names(), x[:, begin:end]), end
    return found


def test_each_door_takes_columns_for_the_same_and_gives_the_same_features(doors, models):
    kinds = {column.name: column.kind for column in models["pandas"].schema.columns}
    features = by_column(models["pandas"], doors["pandas"][0])
    for door, model in models.items():
        own = by_column(model, doors[door][0])
        for column in model.schema.columns[:-1]:
            odd = getattr(EVERY[column.name], UNLIKE.get(door, ""), "")
            assert column.kind == (odd or kinds[column.name]), (door, column)
            if not odd:
                (names, x), (expected, xs) = own[column.name], features[column.name]
                assert names == expected, (door, column)
                np.testing.assert_allclose(x, xs, rtol=1e-9, atol=1e-9, err_msg=f"{door}: {column}")


def test_the_encoder_of_the_estimators_gives_the_same_features(doors, models):
    expected = models["pandas"].encoder.transform(doors["pandas"][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)
        for door in ("pandas", "pyarrow", "narwhals"):
            x = nw.from_native(doors[door][0]).drop("y").to_native()
            np.testing.assert_allclose(TableEncoder().fit_transform(x), expected, rtol=1e-9, atol=1e-9, err_msg=door)


def test_a_model_that_came_by_one_door_answers_by_all(doors, models):
    # one of each way in which columns are decided: by types, by text, by the types that Parquet keeps
    ways = {"pandas", "pandas.csv", "pyarrow.parquet"} if needs.THOROUGH else {"pandas.csv"}
    for trained_by in ways & models.keys():
        model, first = models[trained_by], None
        for asked_by, (table, _) in doors.items():
            step = model.explain(table, 3)  # which has the features and the target of a row
            answers = [model.predict(table).values, [step.cost, *step.examples[0].x]]
            answers += [list(model.evaluate(table).metrics.values())] if needs.THOROUGH else []
            first = first or answers
            for answer, expected in zip(answers, first, strict=True):
                np.testing.assert_allclose(answer, expected, rtol=1e-9, err_msg=f"{trained_by}, then {asked_by}")
