"""`backlit explain`."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from backlit.cli.exercise import ExerciseFile, check_sources, read_exercise, read_explanation
from backlit.cli.options import (
    Member,
    OptionalDataFile,
    OptionalModelFile,
    Quiet,
    default_of,
    refuse_to_overwrite,
)
from backlit.cli.reading import ReadingOptions, reads_a_table
from backlit.cli.reading_for_models import load_one_network, read_for

_MOST_ROWS = 1000  # a longer range is a slip of the finger
RENDER = "backlit.explanation.views.render.render"


class Format(StrEnum):
    """How an explanation is shown."""

    TEXT = "text"
    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"
    JSON = "json"


@reads_a_table
def explain(
    model: OptionalModelFile = None,
    file: OptionalDataFile = None,
    network: ExerciseFile = None,
    read_back: Annotated[
        Path | None,
        typer.Option("--from", help="Instead, an explanation that --format json wrote.", show_default=False),
    ] = None,
    row: Annotated[
        list[str] | None,
        typer.Option(
            "--row",
            "--rows",
            metavar="ROWS",
            help="Row of the table, counted from 1; several make a batch: 3,7 or 3-7. Default: 1; with --network, all.",
            show_default=False,
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="μ of the update shown. Default: that of training.", show_default=False)
    ] = None,
    format: Annotated[Format, typer.Option(help="How to show it.")] = default_of(RENDER, "format"),
    layers: Annotated[
        str | None, typer.Option(help="Layers shown, such as 2,4; 1 is the input. Default: all.", show_default=False)
    ] = None,
    neurons: Annotated[
        str | None,
        typer.Option(help="Neurons shown, such as 1,5; or all. Default: the largest |δ|.", show_default=False),
    ] = None,
    digits: Annotated[int, typer.Option(min=1, max=17, help="Significant digits.")] = default_of(RENDER, "digits"),
    worksheet: Annotated[
        bool, typer.Option("--worksheet", help="Leave gaps to fill in; the answers follow on a second page.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where to write it. Default: standard output.", show_default=False)
    ] = None,
    *,
    member: Member = None,
    reading: ReadingOptions,
    quiet: Quiet = False,
) -> None:
    """Show one step of backpropagation for a row or a small batch, with the rows' own numbers.

    The forward pass, then BP1 to BP4 and the update in the notation of the lecture. Layers and neurons count from 1;
    the input is layer 1. Without the target's column only the forward pass is shown.

    Example: [bold]backlit explain housing.safetensors new.csv --row 1 --format html --out step.html[/bold]
    """
    from backlit.cli.output import page_width, remark, write_page
    from backlit.explanation import explain as explain_step
    from backlit.explanation import render
    from backlit.persistence import check_writable

    if read_back is None:
        check_sources(model, file, network)
    elif model or network or row or learning_rate is not None:
        raise typer.BadParameter(
            "the file has its network, examples and step; leave the others out.", param_hint="--from"
        )
    rows = _rows(row or [])
    refuse_to_overwrite(out, *filter(None, (model, file, network, read_back)))
    if out is not None:
        check_writable(out)
    if read_back is not None:
        explanation = read_explanation(read_back)
    elif network is not None:
        exercise = read_exercise(network)
        explanation = explain_step(exercise.only(rows) if rows else exercise, learning_rate=learning_rate)
    else:
        assert model is not None and file is not None
        loaded = load_one_network(model, member, quiet=quiet)
        table = read_for(loaded, file, reading, quiet=quiet)
        explanation = loaded.explain(
            table, rows or 1, learning_rate=learning_rate, say=lambda message: remark(message, quiet=quiet)
        )
    shown: dict[str, Any] = {"layers": _numbers("--layers", layers)}
    if neurons == "all":
        shown |= {"neurons": None, "terms": None}
    elif neurons is not None:
        shown["neurons"] = _numbers("--neurons", neurons)
    text = render(explanation, format.value, digits=digits, worksheet=worksheet, width=page_width(), **shown)
    write_page(text, out, colored=format is Format.TEXT)


def _rows(parts: list[str]) -> list[int]:
    """Read ``3``, ``3,7`` and ``3-7``."""
    rows: list[int] = []
    for part in ",".join(parts).split(",") if parts else []:
        match = re.fullmatch(r"\s*([1-9]\d{0,11})\s*(?:[-–]\s*([1-9]\d{0,11})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= first + _MOST_ROWS:
            raise typer.BadParameter(
                f"rows are numbers from 1, such as 3 or 3,7 or 3-7, but {part.strip()!r} came.", param_hint="--row"
            )
        rows += range(first, last + 1)
    return rows


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
