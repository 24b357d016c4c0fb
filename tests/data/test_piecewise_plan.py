import datetime as dt
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from backlit.data import TableEncoder
from backlit.data.number_plans import DurationPlan, NumberPlan
from backlit.data.piecewise_plan import PiecewisePlan, fill_bins, with_bins
from backlit.errors import DataError, InvalidInputError, ModelFileError

PLAIN = NumberPlan("x", 0.0, 1.0, missing=False)


def edges_of(values, n_bins=4):
    plan = with_bins(PLAIN, np.array(values, dtype=float), n_bins)
    return plan.edges if isinstance(plan, PiecewisePlan) else None


def piecewise(table, n_bins=4, **options):
    return TableEncoder(numbers="piecewise", n_bins=n_bins, **options).fit(table)


def test_edges_are_quantiles_that_occur():
    assert edges_of(np.arange(101)) == (0, 25, 50, 75, 100)
    assert edges_of([0, 1, 2, 9, 9, 9]) == (0, 1, 2, 9)  # few distinct values: one bin from each to the next
    # quantiles that coincide are one edge, and leave room for other values: two of 0, 5, 30 more
    assert edges_of([0] * 70 + list(range(1, 31))) == (0, 5, 11, 20, 30)
    assert edges_of([3, 7, 7, 3]) is None  # a single bin says what the scaled number says
    assert edges_of([0] * 99 + list(range(1, 9))) == (0, 2, 4, 6, 8)
    assert edges_of([5]) is None
    assert edges_of([0, 5e-324, 1, 2]) == (0, 1, 2)  # nothing can be divided by the first difference


def test_columns_of_few_different_values_have_no_bins():
    table = pl.DataFrame({"few": [0, 1, 2, 2, 1, 0], "more": [0, 1, 2, 3, 3, None]})
    encoder = piecewise(table, n_bins=8, bins_above=3)
    assert len(encoder.get_feature_names_out()) == 1 + (2 + 3)
    read = TableEncoder.from_dict(encoder.to_dict())
    assert (read.bins_above, read.get_feature_names_out().tolist()) == (3, encoder.get_feature_names_out().tolist())
    assert "bins_above" not in piecewise(table).to_dict()  # as files of before have it
    assert TableEncoder.from_dict(piecewise(table).to_dict()).bins_above == 0


def test_each_bin_rises_from_0_to_1_and_stays_within():
    out = np.full((6, 5), 9.0)
    block = np.array([[7.0, x] for x in (-1e150, 0.0, 0.5, 3.0, 1e150, np.nan)])
    fill_bins(block, [1], [(0.0, 1.0, 5.0)], out, [2])
    assert out[:, 2:4].tolist() == [[0, 0], [0, 0], [0.5, 0], [1, 0.5], [1, 1], [0, 0]]
    assert (out[:, [0, 1, 4]] == 9).all()


def test_strips_and_columns_agree_with_the_formula():
    rng = np.random.default_rng(0)
    block = rng.normal(size=(5000, 3)).astype(np.float32)
    edges = [(-1.0, 0.0, 1.0), (-2.0, -1.0, 0.5, 2.0)]
    out = np.zeros((5000, 7), dtype=np.float32)
    fill_bins(block, [2, 0], edges, out, [0, 4])
    for j, each, place in ((2, edges[0], 0), (0, edges[1], 4)):
        x = block[:, j].astype(float)
        for t, (low, high) in enumerate(pairwise(each)):
            expected = np.clip((x - low) / (high - low), 0, 1).astype(np.float32)
            np.testing.assert_array_equal(out[:, place + t], expected)


def test_a_table_has_scaled_numbers_and_bins():
    table = pl.DataFrame(
        {
            "two": [0, 1, 0, 1, 1],  # without bins, so that the next one's place differs among numbers and bins
            "a": [0.0, 1.0, None, 4.0, 2.0],
            "flag": [True, False, True, True, False],
            "took": [dt.timedelta(hours=12 * i) for i in range(5)],
            "day": [dt.date(1970, 1, 1 + i * i) for i in range(5)],
        }
    )
    encoder = piecewise(table)
    names = encoder.get_feature_names_out().tolist()
    assert names[:7] == ["two", "a", "a is missing", "a in 0 … 1", "a in 1 … 2", "a in 2 … 4", "flag"]
    assert names[7:12] == ["took", "took in 0 … 0.5", "took in 0.5 … 1", "took in 1 … 1.5", "took in 1.5 … 2"]
    assert names[-4:] == ["day in 0 … 1", "day in 1 … 4", "day in 4 … 9", "day in 9 … 16"]
    X, plain = encoder.transform(table), TableEncoder().fit(table)
    kept = [names.index(name) for name in plain.get_feature_names_out()]
    np.testing.assert_array_equal(X[:, kept], plain.transform(table))
    assert X[:, 3:6].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 0]]
    later = table.with_columns(took=pl.lit(dt.timedelta(hours=18)), day=pl.lit(dt.date(1970, 1, 3)))
    assert encoder.transform(later)[0, 8:12].tolist() == [1, 0.5, 0, 0]
    assert encoder.transform(later)[0, -4:] == pytest.approx([1, 1 / 3, 0, 0])
    for i in range(5):
        assert [each.value for each in encoder.describe_row(table, i)] == X[i].tolist()


def test_names_have_the_digits_that_tell_edges_apart():
    plan = PiecewisePlan(PLAIN, (1e6, 1e6 + 0.5, 1e6 + 2.25))
    assert plan.names() == ["x", "x in 1000000 … 1000000.5", "x in 1000000.5 … 1000002.25"]
    assert PiecewisePlan(PLAIN, (0.001234, 7.6543, 1234.5)).names()[1:] == ["x in 0.0012 … 7.7", "x in 7.7 … 1230"]
    assert PiecewisePlan(PLAIN, (0.0, 5e-324, 1.0)).names()[1] == "x in 0 … 4.9×10⁻³²⁴"


def test_formulas_in_words():
    plan = PiecewisePlan(PLAIN, (-2.0, 1.0, 4.0, 8.0))
    assert plan.describe(2)[1:] == ["1: at least 1", "(2 − 1) / (4 − 1)", "0: at most 4"]
    assert plan.describe(-1)[1] == "(−1 + 2) / (1 + 2)"
    assert plan.describe(4)[1:] == ["1: at least 1", "1: at least 4", "0: at most 4"]
    assert plan.describe(None)[1:] == ["0: missing"] * 3
    # as many digits as a calculator needs
    large = PiecewisePlan(PLAIN, (1e6 + 0.125, 1e6 + 0.625, 2e6))
    assert large.describe(1e6 + 0.25)[1] == "(1000000.25 − 1000000.125) / (1000000.625 − 1000000.125)"
    days = PiecewisePlan(DurationPlan("x", 0.0, 1.0, missing=False), (0.0, 1.0, 3.0))
    assert days.describe(dt.timedelta(2))[1:] == ["1: at least 1 days", "in days: (2 − 1) / (3 − 1)"]


def test_bad_parameters_and_damaged_plans():
    table = pl.DataFrame({"a": [1.0, 2.0, 4.0]})
    with pytest.raises(InvalidInputError, match="numbers should be 'scaled' or 'piecewise', but is 'bins'"):
        TableEncoder(numbers="bins").fit(table)
    with pytest.raises(InvalidInputError, match="n_bins should be an integer ≥ 2, but is 1"):
        piecewise(table, n_bins=1)
    with pytest.raises(InvalidInputError, match="bins_above should be an integer ≥ 0, but is -1"):
        piecewise(table, bins_above=-1)
    with pytest.raises(DataError, match="Column 'a', row 2"):
        piecewise(table).transform(pl.DataFrame({"a": [1.0, np.inf, 2.0]}))
    good = piecewise(table).to_dict()
    plan = good["columns"][0]
    for change, said in (
        ({"edges": [1.0, 2.0]}, r"columns\[0\].edges must be a list of 3 or more"),
        ({"edges": [1.0, 3.0, 2.0]}, r"columns\[0\].edges must be a list of rising numbers"),
        ({"edges": [1.0, 2.0, 1e200]}, r"columns\[0\].edges\[2\] must be a finite number"),
        ({"scaled": plan}, r"columns\[0\].scaled.kind must be one of 'number', 'duration', 'date'"),
    ):
        with pytest.raises(ModelFileError, match=said):
            TableEncoder.from_dict({**good, "columns": [{**plan, **change}]})
