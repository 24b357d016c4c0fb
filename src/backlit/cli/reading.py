"""How a command reads a table: the options of every command that takes one, and the table that comes of them.

A new option is a field of `ReadingOptions`, handed on in `read`. Where later files must be read in the same way as the
training data, it is also part of `to_dict`, which is saved in the model, and of `as_in_training`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli.options import with_options_of
from backlit.errors import InvalidInputError
from backlit.training.option_fields import option

if TYPE_CHECKING:
    from backlit.data.columns import ColumnChoices, TableSchema
    from backlit.data.formats.table_file import TableFile
    from backlit.data.stream.text_pieces import TextOptions

LABEL = "label"
"""What the column of --labels is called where nobody gives it a name."""

Target = Annotated[
    str | None,
    typer.Option(
        rich_help_panel="Data", help=f"Column to predict. With --labels it is called {LABEL!r}.", show_default=False
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
        (), "Cells that mean a missing value, separated by commas: '?,-999'. May be given more than once.", "Data"
    )
    separator: str | None = option(None, "Character between cells. Default: detected.", "Data")
    skip_rows: int = option(0, "Lines to leave out at the beginning of the file.", "Data", min=0)
    comment: str | None = option(None, "Lines that begin with this text are left out, such as '#'.", "Data")
    labels: Path | None = option(None, "IDX file of labels, for an IDX file of images.", "Data")

    def read(self, path: Path, target: str | None = None, as_text: Collection[str] | None = None) -> TableFile:
        """Return a file's table, whose cells have no meaning yet.

        Parameters
        ----------
        path : Path
        target : str, optional
            What the column of `labels` is called. Default: "label".
        as_text : collection of str, optional
            Columns that may not be taken for plain numbers at once. Default: all.
        """
        from backlit.data.formats.table_file import read_table_file

        return read_table_file(
            path,
            names=self.names,
            separator=self.separator,
            labels=self.labels,
            label_name=target or LABEL,
            skip_rows=self.skip_rows,
            comment=self.comment,
            plain_numbers=as_text is not None,
            as_text=as_text or (),
        )

    def read_all(
        self, paths: Sequence[Path], target: str | None = None, as_text: Collection[str] | None = None
    ) -> TableFile:
        """Return one table of several files, one below the other; see `read`."""
        if len(paths) == 1:
            return self.read(paths[0], target, as_text)
        import polars as pl

        from backlit.data.stream.table_stream import alike

        first, *others = (self.read(path, target) for path in paths)
        like = dict(first.frame.schema)
        frames = [alike(file.frame, like, path, paths[0]) for file, path in zip(others, paths[1:], strict=True)]
        said = dict.fromkeys(remark for file in (first, *others) for remark in file.remarks)
        return dataclasses.replace(first, frame=pl.concat([first.frame, *frames]), remarks=tuple(said))

    def text_options(self) -> TextOptions:
        """Return how text is read in pieces."""
        from backlit.data.stream.text_pieces import TextOptions

        return TextOptions(self.names, self.separator, self.skip_rows, self.comment)

    def missing_words(self) -> tuple[str, ...]:
        """Return the cells that mean a missing value."""
        return tuple(word for words in self.missing for word in words.split(","))

    def target(self, named: str | None) -> str:
        """Return the column to predict: what the user named, or that of `labels`."""
        if named is None and self.labels is None:
            raise typer.BadParameter("name the column to predict.", param_hint="--target")
        return named or LABEL

    def to_dict(self) -> dict[str, Any]:
        """Return what a model remembers of the reading of its training data, as plain JSON."""
        names = None if self.names is None else list(self.names)
        return {
            "names": names,
            "missing": list(self.missing_words()),
            "separator": self.separator,
            "skip_rows": self.skip_rows,
            "comment": self.comment,
        }

    def as_in_training(self, remembered: object, path: Path, target: str) -> ReadingOptions:
        """Return these options, completed by those of the training data where the user gave none.

        Parameters
        ----------
        remembered : dict or None
            The result of `to_dict` in training. It comes from a model file, so it is not trusted.
        path : Path
            The file that will be read.
        target : str
            The model's target; a new file may lack this column.
        """
        from backlit.documents.field import MODEL, Field

        said = Field(remembered or {}, "training.reading", MODEL).object()
        then = {key: Field(said.get(key), f"training.reading.{key}", MODEL) for key in self.to_dict()}
        separator, comment = (
            getattr(self, key) or (None if then[key].is_null else then[key].text()) for key in ("separator", "comment")
        )
        names = self.names
        if names is None and not then["names"].is_null:
            names = _names_for(path, then["names"].texts(), separator, target)
        return dataclasses.replace(
            self,
            names=names,
            missing=self.missing or (() if then["missing"].is_null else tuple(then["missing"].texts())),
            separator=separator,
            skip_rows=self.skip_rows or (0 if then["skip_rows"].is_null else then["skip_rows"].whole()),
            comment=comment,
        )


reads_a_table: Callable[..., Callable[..., None]] = with_options_of(ReadingOptions, "reading")
"""Decorator that gives a command the options of `ReadingOptions`, as its parameter `reading`."""


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """What the user says of the columns of a table; the rest is decided from their cells."""

    column: tuple[str, ...] = option(
        (), "What a column is: zip=category, when=date:%d/%m/%Y, price=number. May be given more than once.", "Data"
    )
    ignore: tuple[str, ...] = option((), "Columns to leave out, separated by commas.", "Data")
    decimal: str | None = option(None, "The decimal mark, '.' or ','. Default: detected.", "Data")
    schema: Path | None = option(None, "What the columns are: a schema.json of `backlit inspect`.", "Data")

    def as_text(self, target: str) -> list[str]:
        """Return the columns whose text is needed, whatever they hold."""
        from backlit.data.columns.choices import columns_of

        decided = () if self.schema is None else _read_schema(self.schema).columns
        return [target, *columns_of(self.column), *(column.name for column in decided if not column.is_plain_number)]

    def choices(self, file: TableFile, reading: ReadingOptions) -> ColumnChoices:
        """Return what is known of the columns of a file."""
        return self.given(reading).for_file(file)

    def given(self, reading: ReadingOptions) -> ColumnChoices:
        """Return what the user says of the columns."""
        from backlit.data.columns import ColumnChoices
        from backlit.data.columns.choices import columns_of

        return ColumnChoices(
            columns=columns_of(self.column),
            ignore=tuple(name.strip() for names in self.ignore for name in names.split(",")),
            missing=reading.missing_words(),
            decimal=self.decimal,
            schema=None if self.schema is None else _read_schema(self.schema),
        )


knows_columns: Callable[..., Callable[..., None]] = with_options_of(ColumnOptions, "columns")
"""Decorator that gives a command the options of `ColumnOptions`, as its parameter `columns`."""


def _read_schema(path: Path) -> TableSchema:
    from backlit.data.columns import TableSchema
    from backlit.documents.strict_json import parse

    try:
        return TableSchema.from_document(parse(path.read_text(encoding="utf-8")), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"Cannot read {path}: {error}.") from None


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

    from backlit.data.formats.table_file import NAMED

    stem = path.name.removesuffix(".gz").lower()
    if not path.is_file() or stem.endswith(NAMED):
        return None  # the reader says what is wrong with it, or it brings its own names
    with path.open("rb") as raw:
        file = gzip.GzipFile(fileobj=raw) if path.name.endswith(".gz") else raw
        try:
            line = file.readline(1 << 20).decode(errors="replace")
        except (OSError, EOFError):
            return None
    delimiter = separator or max(",;\t|", key=line.count)
    return [cell.strip() for row in csv.reader([line], delimiter=delimiter) for cell in row]
