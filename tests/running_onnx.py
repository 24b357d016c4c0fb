"""Running an ONNX model in onnxruntime."""

from __future__ import annotations

from typing import Any

import onnxruntime
import polars as pl


def run_onnx(model: Any, **feeds: Any) -> dict[str, Any]:
    """Return the outputs by name."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def feeds_of(table: pl.DataFrame, columns: Any) -> dict[str, Any]:
    """Return a table's columns as the inputs of an exported model of tables."""
    feeds = {}
    for name in columns:
        column = table[name]
        if column.dtype == pl.String:
            feeds[name] = column.fill_null("").to_numpy().astype(object)[:, None]
        else:
            feeds[name] = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()[:, None]
    return feeds
