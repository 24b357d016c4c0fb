"""`backlit export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from backlit.cli.options import ModelFile, Quiet
from backlit.export.formats import DEFAULT, FORMATS, format_of

Format = StrEnum("Format", {name.upper(): name for name in FORMATS})  # type: ignore[misc]
_SUFFIXES = " or ".join(entry.suffix for entry in FORMATS.values())
_LIST = "; ".join(f"{name}: {entry.words}" for name, entry in FORMATS.items())


def export(
    model: ModelFile,
    out: Annotated[Path, typer.Option(help=f"Where to write it: a file that ends in {_SUFFIXES}.", show_default=False)],
    format: Annotated[
        Format | None,
        typer.Option(help=f"{_LIST}. Default: what --out ends in, else {DEFAULT}.", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write a model for programs that have no Python.

    The encoder goes along: the exported model takes what stands in the columns of the table. Numbers and booleans are
    NaN where missing; text is empty. Columns of dates cannot be exported.

    Example: [bold]backlit export housing.safetensors --out housing.onnx[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark
    from backlit.export.exportable import exportable_of
    from backlit.persistence import atomic_write, check_writable, load_model
    from backlit.tables.model import TableModel

    refuse_to_overwrite(out, model)
    check_writable(out)
    stored = load_model(model)
    described = exportable_of(stored.network if stored.encoder is None else TableModel.load(model))
    exported = FORMATS[format or format_of(out.suffix)].export(described)
    with atomic_write(out) as stream:
        stream.write(exported.content)
    remark(f"Wrote {out}: {exported.summary}.", quiet=quiet)
