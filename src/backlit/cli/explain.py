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
    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"
    JSON = "json"


def explain(
    model: ModelFile,
    file: DataFile,
    row: Annotated[int, typer.Option(min=1, help="Which row of the table, counted from 1.")] = 1,
    learning_rate: Annotated[
        float | None, typer.Option(help="μ of the update shown. Default: that of training.", show_default=False)
    ] = None,
    format: Annotated[Format, typer.Option(help="How to show it.")] = Format.TEXT,
    layers: Annotated[
        str | None, typer.Option(help="Layers shown, such as 2,4; 1 is the input. Default: all.", show_default=False)
    ] = None,
    neurons: Annotated[
        str | None,
        typer.Option(help="Neurons shown, such as 1,5; or all. Default: the largest |δ|.", show_default=False),
    ] = None,
    digits: Annotated[int, typer.Option(min=1, max=17, help="Significant digits.")] = 6,
    worksheet: Annotated[
        bool, typer.Option("--worksheet", help="Leave gaps to fill in; the answers follow on a second page.")
    ] = False,
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

    Example: [bold]backlit explain housing.safetensors new.csv --row 1 --format html --out step.html[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark
    from backlit.cli.predict import read_for
    from backlit.estimators.table_model import TableModel
    from backlit.explanation import render
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
    everything = neurons == "all"
    text = render(
        explanation,
        format.value,
        digits=digits,
        layers=_numbers("--layers", layers),
        neurons=None if everything else _numbers("--neurons", neurons) or 3,
        terms=None if everything else 3,
        worksheet=worksheet,
        width=width,
    )
    if out is None:
        print(text)
        return
    with atomic_write(out) as stream:
        stream.write((text + "\n").encode())


def _numbers(option: str, text: str | None) -> list[int] | None:
    from backlit.errors import InvalidInputError

    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(
            f"{option} must be whole numbers separated by commas, such as 1,5, but {text!r} came."
        ) from None
