"""`backlit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backlit.cli.options import ModelFile, Quiet


def export(
    model: ModelFile,
    out: Annotated[Path, typer.Option(help="Where to write the ONNX model: an .onnx file.", show_default=False)],
    quiet: Quiet = False,
) -> None:
    """Write a model as ONNX, for programs that have no Python.

    The encoder goes along: the ONNX model takes one input for each column. Numbers and booleans are float64, NaN where
    missing; text is text, empty where missing. Columns of dates have no counterpart in ONNX.

    Example: [bold]backlit export housing.safetensors --out housing.onnx[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark
    from backlit.estimators.onnx_export import to_onnx
    from backlit.persistence import atomic_write, check_writable, load_model
    from backlit.tables.model import TableModel

    refuse_to_overwrite(out, model)
    check_writable(out)
    stored = load_model(model)
    exported = to_onnx(stored.network if stored.encoder is None else TableModel.load(model))
    with atomic_write(out) as stream:
        stream.write(exported.SerializeToString())
    inputs = ", ".join(tensor.name for tensor in exported.graph.input[:5])
    more = len(exported.graph.input) - 5
    outputs = ", ".join(tensor.name for tensor in exported.graph.output)
    rest = f" and {more} more" if more > 0 else ""
    remark(f"Wrote {out}: inputs {inputs}{rest}; outputs {outputs}.", quiet=quiet)
