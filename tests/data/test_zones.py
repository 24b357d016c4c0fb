"""Zones of columns of times: kept, asked for, and what cycles go by."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

import backlit as bl
from backlit.data.encoder import TableEncoder
from backlit.data.zones import local_days, zone_name, zone_of_values
from backlit.errors import DataError

HOURS = [dt.datetime(2020, 3, 28, 22) + dt.timedelta(hours=i) for i in range(40)]  # clocks go forward in between
NAIVE = pl.DataFrame({"when": HOURS})
UTC = NAIVE.with_columns(pl.col("when").dt.replace_time_zone("UTC"))
BERLIN = UTC.with_columns(pl.col("when").dt.convert_time_zone("Europe/Berlin"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        *((None, ""), ("UTC", "UTC"), ("Europe/Berlin", "Europe/Berlin"), ("UTC+02:00", "+02:00"), ("-0330", "-03:30")),
        *(("Mars/Olympus", "UTC"), ("+02:00", "+02:00")),
    ],
)
def test_names(given, kept):
    assert zone_name(given) == kept


def test_zone_of_values():
    berlin = dt.datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert zone_of_values([berlin, None, pd.NaT]) == "Europe/Berlin"
    assert zone_of_values([berlin, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)]) == "UTC"
    assert zone_of_values([dt.date(2020, 1, 1), np.datetime64("2020-01-01")]) == ""
    assert zone_of_values([None, 1.0]) is None
    with pytest.raises(ValueError, match="some of its times have a zone"):
        zone_of_values([berlin, dt.datetime(2020, 1, 1)])


@pytest.mark.parametrize(
    ("zone", "hours"), [("", 0), ("UTC", 0), ("+05:30", 5.5), ("-01:00", -1), ("Europe/Berlin", 2)]
)
def test_local_days(zone, hours):
    days = np.array([18444.0, np.nan])  # 2020-07-01
    np.testing.assert_allclose(local_days(days, zone), [18444 + hours / 24, np.nan], rtol=1e-12)


def fixed(table):
    return table.to_pandas().assign(when=lambda t: t["when"].dt.tz_convert(dt.timezone(dt.timedelta(hours=1))))


@pytest.mark.parametrize(
    "convert", [lambda t: t, pl.DataFrame.to_pandas, pl.DataFrame.to_arrow], ids=["polars", "pandas", "arrow"]
)
def test_cycles_go_by_the_clocks_of_the_zone(convert):
    encoder = TableEncoder().fit(convert(BERLIN))
    clock = BERLIN["when"].dt.hour().to_numpy() / 24
    features = dict(zip(encoder.get_feature_names_out(), encoder.transform(convert(BERLIN)).T, strict=True))
    np.testing.assert_allclose(features["when (sine of the day)"], np.sin(2 * np.pi * clock), atol=1e-9)
    # the same moments in another zone are the same
    for other in (UTC, fixed(BERLIN), BERLIN.with_columns(pl.col("when").dt.convert_time_zone("Asia/Tokyo"))):
        np.testing.assert_allclose(encoder.transform(other), encoder.transform(convert(BERLIN)), atol=1e-9)
    told = {feature.name: feature for feature in encoder.describe_row(convert(BERLIN), 0)}
    assert told["when (sine of the day)"].operation.startswith("sin(2π · 0.95833333)")  # 23:00 in Berlin


def test_midnight_in_the_zone_is_no_time_of_day():
    days = pl.datetime_range(dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 9), "1d", time_zone="Asia/Tokyo", eager=True)
    assert not TableEncoder().fit(pl.DataFrame({"when": days})).plans_[0].clock


@pytest.mark.parametrize(
    ("training", "later", "message"),
    [
        (
            NAIVE,
            UTC,
            "'when' holds times with a zone, UTC, but those of training had none. .*tz_localize.None. in pandas",
        ),
        (BERLIN, NAIVE, "'when' holds times without a zone, but those of training had one, Europe/Berlin"),
        (BERLIN, pd.DataFrame({"when": np.array(HOURS, dtype=object)}), "without a zone"),
    ],
)
def test_naive_and_zoned_times_do_not_mix(training, later, message):
    encoder = TableEncoder().fit(training)
    with pytest.raises(DataError, match=message):
        encoder.transform(later)
    gaps = pl.DataFrame({"when": pl.Series([None, None], dtype=pl.Datetime("us"))})
    assert encoder.transform(gaps).shape[0] == 2  # of gaps nobody asks for the zone
    table = training.with_columns(y=np.arange(40.0))
    model = bl.TableModel.train(table, "y", bl.tables.options.TableTraining(hidden=(2,), epochs=1))
    with pytest.raises(DataError, match="zone"):
        model.predict(later)


def test_the_zone_is_written_and_read():
    again = TableEncoder.from_dict(TableEncoder().fit(BERLIN).to_dict())
    with pytest.raises(DataError, match="had one, Europe/Berlin"):
        again.transform(NAIVE)
    document = TableEncoder().fit(NAIVE).to_dict()
    del document["columns"][0]["zone"]  # as older files have it: they take both, as they did
    older = TableEncoder.from_dict(document)
    np.testing.assert_array_equal(older.transform(NAIVE), older.transform(UTC))
