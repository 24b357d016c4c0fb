"""`backlit explain`."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from backlit.cli.options import DataFile, Labels, Missing, ModelFile, Names, Quiet, Separator


class Format(StrEnum):
    """How an explanation is shown."""

    TEXT = "text"
    JSON = "json"


def explain(
    model: ModelFile,
    file: DataFile,
    row: Annotated[int, typer.Option(min=1, help="Which row of the table, counted from 1.")] = 1,
    learning_rate: Annotated[
        float | None, typer.Option(help="μ of the update shown. Default: that of training.", show_default=False)
    ] = None,
    format: Annotated[Format, typer.Option(help="How to show it.")] = Format.TEXT,
    out: Annotated[
        Path | None, typer.Option(help="Where to write it. Default: standard output.", show_default=False)
    ] = None,
    names: Names = None,
    missing: Missing = None,
    separator: Separator = None,
    labels: Labels = None,
    quiet: Quiet = False,
) -> None:
    """Show one step of backpropagation for one row, with the row's own numbers.

    The forward pass, then BP1 to BP4 and the update in the notation of the lecture. Layers and neurons count from 1;
    the input is layer 1. Without the target's column only the forward pass is shown.

    Example: [bold]backlit explain housing.safetensors new.csv --row 1[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark
    from backlit.cli.predict import read_for
    from backlit.estimators.table_model import TableModel
    from backlit.explanation import render_text
    from backlit.persistence import atomic_write, check_writable

    refuse_to_overwrite(out, model, file)
    if out is not None:
        check_writable(out)
    loaded = TableModel.load(model)
    table = read_for(loaded, file, names, missing, separator, labels, quiet=quiet)
    explanation = loaded.explain(
        table, row, learning_rate=learning_rate, say=lambda message: remark(message, quiet=quiet)
    )
    width = max(72, min(shutil.get_terminal_size((88, 24)).columns, 120))
    text = render_text(explanation, width=width) if format is Format.TEXT else explanation.to_json()
    if out is None:
        print(text)
        return
    with atomic_write(out) as stream:
        stream.write((text + "\n").encode())
