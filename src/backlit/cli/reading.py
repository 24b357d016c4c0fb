"""How a command reads a table: the options of every command that takes one, and the table they give.

A new option is a field of `ReadingOptions`, handed on in `read`. Where later files must be read as the training data
were, it stands in `to_dict` too, which a model remembers, and in `as_in_training`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from backlit.cli.dataclass_options import with_options_of
from backlit.errors import InvalidInputError
from backlit.training.options import option

Target = Annotated[
    str | None,
    typer.Option(
        rich_help_panel="Data", help="Column to predict. With --labels it is called 'label'.", show_default=False
    ),
]


def names_of(text: str) -> tuple[str, ...]:
    """Return column names from ``a,b,c``, or from a file with a name per line."""
    if "," not in text and Path(text).is_file():
        try:
            lines = Path(text).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise InvalidInputError(f"{text} should hold a column name per line, but is not UTF-8 text.") from None
        return tuple(line.strip() for line in lines if line.strip())
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise InvalidInputError(
            f"--names has an empty name in {text!r}. Give one name for each column, separated by commas."
        )
    return names


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How a file is read as a table; see `backlit.read_table`."""

    names: tuple[str, ...] | None = option(
        None,
        "Column names of a file without a header, separated by commas; or a file with a name per line.",
        "Data",
        parse=names_of,
    )
    missing: tuple[str, ...] = option(
        (), "Text that means a missing value, such as '?'. May be given more than once.", "Data"
    )
    separator: str | None = option(None, "Character between cells. Default: found by looking.", "Data")
    labels: Path | None = option(None, "IDX file of labels, for an IDX file of images.", "Data")

    def read(self, path: Path, target: str = "label") -> Any:
        """Return a file as a polars.DataFrame; `target` is what the column of `labels` is called."""
        from backlit.data.readers import read_table

        return read_table(
            path,
            names=self.names,
            missing=self.missing,
            separator=self.separator,
            labels=self.labels,
            label_name=target,
        )

    def target(self, named: str | None) -> str:
        """Return the column to predict: what the user named, or that of `labels`."""
        if named is None and self.labels is None:
            raise typer.BadParameter("name the column to predict.", param_hint="--target")
        return named or "label"

    def to_dict(self) -> dict[str, Any]:
        """Return what a model remembers of the reading of its training data, as plain JSON."""
        names = None if self.names is None else list(self.names)
        return {"names": names, "missing": list(self.missing), "separator": self.separator}

    def as_in_training(self, remembered: object, path: Path, target: str) -> ReadingOptions:
        """Return these options, where what the user did not say is as it was for the training data.

        Parameters
        ----------
        remembered : dict or None
            What `to_dict` gave then. From a model file, so not trusted.
        path : Path
            The file that will be read.
        target : str
            The model's target; a new file may lack this column.
        """
        from backlit.documents.field import MODEL, Field

        said = Field(remembered or {}, "training.reading", MODEL).object()
        then = {
            key: Field(said.get(key), f"training.reading.{key}", MODEL) for key in ("names", "missing", "separator")
        }
        separator, names, missing = self.separator, self.names, self.missing
        if separator is None and not then["separator"].is_null:
            separator = then["separator"].text()
        if names is None and not then["names"].is_null:
            names = _names_for(path, then["names"].texts(), separator, target)
        if not missing and not then["missing"].is_null:
            missing = tuple(then["missing"].texts())
        return dataclasses.replace(self, names=names, missing=missing, separator=separator)


reads_a_table: Callable[..., Callable[..., None]] = with_options_of(ReadingOptions, "reading")
"""Decorator that gives a command the options of `ReadingOptions`, as its parameter `reading`."""


def read_for(model: Any, path: Path, reading: ReadingOptions, *, quiet: bool) -> Any:
    """Return a table for a `TableModel`, read as its training data were; say which columns the model does not use."""
    from backlit.cli.output import remark

    target = model.target.name
    table = reading.as_in_training(model.training.get("reading"), path, target).read(path, target)
    extra = [name for name in model.encoder.extra_columns(table) if name != target]
    if extra:
        more = f" and {len(extra) - 5} more" if len(extra) > 5 else ""
        remark(f"Ignored columns that the model was not trained with: {', '.join(extra[:5])}{more}.", quiet=quiet)
    return table


def _names_for(path: Path, names: Sequence[str], separator: str | None, target: str) -> tuple[str, ...] | None:
    """Return the names that fit a file's columns: all, all but the target, or None where the file has a header."""
    first = _first_row(path, separator)
    without_target = tuple(name for name in names if name != target)
    if first is None or set(without_target) <= set(first):
        return None
    return without_target if len(first) == len(without_target) else tuple(names)


def _first_row(path: Path, separator: str | None) -> list[str] | None:
    import csv
    import gzip

    stem = path.name.removesuffix(".gz").lower()
    if not path.is_file() or stem.endswith((".parquet", ".pq", ".npz", "-ubyte")):
        return None  # the reader says what is wrong with it, or it brings its own names
    with path.open("rb") as raw:
        file = gzip.GzipFile(fileobj=raw) if path.name.endswith(".gz") else raw
        try:
            line = file.readline(1 << 20).decode(errors="replace")
        except (OSError, EOFError):
            return None
    delimiter = separator or max(",;\t|", key=line.count)
    return [cell.strip() for row in csv.reader([line], delimiter=delimiter) for cell in row]
