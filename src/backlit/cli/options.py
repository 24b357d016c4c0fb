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
Names = Annotated[
    str | None,
    typer.Option(
        rich_help_panel="Data",
        help="Column names of a file without a header, separated by commas; or a file with a name a line.",
        show_default=False,
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        rich_help_panel="Data",
        help="Text that means a missing value, such as '?'. May be given more than once.",
        show_default=False,
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(
        rich_help_panel="Data", help="Character between cells. Default: found by looking.", show_default=False
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(rich_help_panel="Data", help="IDX file of labels, for an IDX file of images.", show_default=False),
]
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


def split_names(names: str | None) -> list[str] | None:
    """Return column names from ``a,b,c``, or from a file with a name a line."""
    from backlit.errors import DataError

    if names is None:
        return None
    if "," not in names and Path(names).is_file():
        lines = Path(names).read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip()]
    result = [name.strip() for name in names.split(",")]
    if not all(result):
        raise DataError(f"--names has an empty name in {names!r}. Give one name for each column, separated by commas.")
    return result
