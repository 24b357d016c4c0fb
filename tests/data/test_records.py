import datetime as dt

import numpy as np
import polars as pl

from backlit.data.encoding import TableEncoding
from backlit.data.stream.packing import Packing

TABLE = pl.DataFrame(
    {
        "x": [0.5, None, 1.25, -3.0, 7.0, 2.5] * 5,
        "kind": ["a", "b", None, "c", "a", "d"] * 5,
        "flag": [True, None, False, True, False, False] * 5,
        "pixel_1": pl.Series([0, 255, 7, 80, 1, 2] * 5, dtype=pl.UInt8),
        "when": [dt.datetime(2020, 1, 1 + i, 12) for i in range(30)],
        "n": list(range(30)),
        "nothing": pl.Series([None] * 30, dtype=pl.Float64),
    }
)


def test_features_come_back_bit_for_bit():
    for numbers in ("scaled", "piecewise"):
        for dtype in ("float32", "float64"):
            encoder = TableEncoding(dtype, numbers=numbers, n_bins=8).fit(TABLE)
            x = encoder.transform(TABLE)
            packing = Packing.of(encoder, dtype)
            records, packed = packing.records, packing.pack(TABLE)
            assert packed.dtype.itemsize < x.itemsize * x.shape[1]
            again = records.unpack(packed)
            assert again.dtype == x.dtype
            assert np.array_equal(again, x), numbers
            assert np.array_equal(records.unpack(packed[3:5]), x[3:5])


def test_what_training_did_not_have_comes_back_too():
    encoder = TableEncoding("float32", numbers="piecewise", n_bins=4).fit(TABLE)
    strange = TABLE.with_columns(kind=pl.lit("new"), x=pl.lit(1e9), n=pl.lit(-5), flag=pl.lit(None, dtype=pl.Boolean))
    x = encoder.transform(strange)
    packing = Packing.of(encoder, "float32")
    assert np.array_equal(packing.records.unpack(packing.pack(strange)), x)


def test_floats_alone_are_not_copied():
    table = pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": [5.0, 1.0, 4.0]})
    encoder = TableEncoding("float32").fit(table)
    packing = Packing.of(encoder, "float32")
    packed = packing.pack(table)
    assert np.shares_memory(packing.records.unpack(packed), packed)
