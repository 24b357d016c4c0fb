"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataFile = Annotated[
    Path, typer.Argument(help="Table: CSV, TSV, Parquet, NPZ or IDX; .gz is fine.", show_default=False)
]
OptionalDataFile = Annotated[
    Path | None, typer.Argument(help="Table: CSV, TSV, Parquet, NPZ or IDX; .gz is fine.", show_default=False)
]
OptionalModelFile = Annotated[Path | None, typer.Argument(help="Model that `backlit train` saved.", show_default=False)]
ModelFile = Annotated[Path, typer.Argument(help="Model that `backlit train` saved.", show_default=False)]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel="Engine",
        help="Most threads to use. Default: what the work calls for.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel="Output", help="No progress and no remarks.")]
AsJson = Annotated[
    bool, typer.Option("--json", rich_help_panel="Output", help="Print the result as one JSON document.")
]


def refuse_to_overwrite(out: Path | None, *inputs: Path) -> None:
    """Raise if a result would replace one of the files it is made from."""
    from backlit.errors import OutputError

    if out is not None and out.is_file() and any(path.exists() and out.samefile(path) for path in inputs):
        raise OutputError(f"--out {out} is an input of this command and would be lost. Give another name.")
