"""Which files a stream is made of, and its rows, piece after piece; no cell has a meaning yet."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from backlit.data.columns.choices import Source
from backlit.data.formats.parquet import SUFFIXES as PARQUET
from backlit.data.formats.parquet import said_by_pandas
from backlit.data.frames import in_polars
from backlit.data.stream.pieces import Piece, joined
from backlit.data.stream.text_pieces import USUAL, TextOptions, text_pieces
from backlit.data.stream.typed_pieces import SHRUNK, at_once, schema_of, typed_pieces
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

StrPath: TypeAlias = str | os.PathLike[str]
TEXT = (".csv", ".tsv", ".tab", ".txt", ".data", ".dat")
_READ = (*PARQUET, *TEXT)


def find_files(source: StrPath | Sequence[StrPath]) -> list[Path]:
    """Return the files that a source names, sorted by name where it does not list them.

    Parameters
    ----------
    source : str, path-like, or a sequence of them
        Files, folders (all Parquet and CSV files in them and below), and globs.

    Raises
    ------
    DataError
        If there are none.
    """
    sources = [source] if isinstance(source, str | os.PathLike) else list(source)
    files = [path for each in sources for path in _files_of(Path(each))]
    repeated = next((path for path in files if files.count(path) > 1), None) if len(set(files)) < len(files) else None
    if repeated is not None:
        raise DataError(f"{repeated} is named twice. Its rows would count twice: name it once.")
    if not files:
        raise DataError("No files were given.")
    return files


def is_several(source: object) -> bool:
    """Tell whether a source may be more than one file: a folder, a glob, or a list."""
    return not isinstance(source, str | os.PathLike) or (
        Path(source).is_dir() or (glob.has_magic(os.fspath(source)) and not Path(source).exists())
    )


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.is_file() and _stem(each).endswith(_READ))
        found = [each for each in found if not each.name.startswith((".", "_"))]
        if not found:
            raise DataError(f"The folder {path} has no Parquet or CSV file in it. Give another, or a glob.")
        return found
    if glob.has_magic(str(path)) and not path.exists():
        found = sorted(each for each in map(Path, glob.glob(str(path), recursive=True)) if each.is_file())  # noqa: PTH207
        if not found:
            raise DataError(f"No file is named like {path}. Put the pattern in quotes, and look at its folder.")
        return found
    return [path]


def _stem(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


def can_be_streamed(path: Path) -> bool:
    """Tell whether a file can be read in pieces."""
    stem = _stem(path)
    return stem.endswith(TEXT) or (stem.endswith(PARQUET) and path.suffix != ".gz")


@dataclass(frozen=True)
class TableStream:
    """Files that are one table.

    Attributes
    ----------
    files : tuple of Path
    options : TextOptions
        How text is read.
    piece_bytes : int
        About as much memory a piece may take.
    folder : Path or None
        On whose disk rows may wait.
    """

    files: tuple[Path, ...]
    options: TextOptions = USUAL
    piece_bytes: int = 1 << 24
    folder: Path | None = None
    _schemas: dict[Path, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls, source: StrPath | Sequence[StrPath], options: TextOptions = USUAL, piece_bytes: int = 1 << 24
    ) -> TableStream:
        """Return the stream of a source; see `find_files`."""
        files = find_files(source)
        for path in files:
            if not can_be_streamed(path):
                raise DataError(
                    f"{path} cannot be read in pieces: only Parquet and text (CSV, also gzipped) can. Write it as one "
                    "of them."
                )
        return cls(tuple(files), options, piece_bytes)

    def described(self) -> list[list[Any]]:
        """Return name, size and time of each file: what tells whether they are those that were read before."""
        described = []
        for path in self.files:
            try:
                stat = path.stat()
            except OSError as error:
                raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
            described.append([str(path.resolve()), stat.st_size, stat.st_mtime_ns])
        return described

    def pieces(self, like: dict[str, Any] | None = None) -> Iterator[Piece]:
        """Yield the rows in pieces.

        Parameters
        ----------
        like : dict of str to polars type, optional
            Columns, and types, that every piece is to have. Default: `types`.

        Raises
        ------
        DataError
            If a file cannot be read, has other columns, or changes while it is read.
        """
        before = {path: stat for path, (_, *stat) in zip(self.files, self.described(), strict=True)}
        first = self.files[0]
        like = like or self.types()
        at = 0
        while at < len(self.files):
            few = self._small_from(at, before)
            read = at_once(few, self._schema(first), self.piece_bytes) if len(few) > 1 else {}
            for path in list(read) or self.files[at : at + 1]:
                row = 1
                at += 1
                try:
                    tables = [(read.pop(path), ",")] if read else self._tables(path)
                    for table, separator in tables:
                        frame = in_polars(table)
                        like = like or dict(frame.table.schema)
                        yield Piece(replace(frame, table=alike(frame.table, like, path, first)), path, row, separator)
                        row += table.height
                        del table, frame
                    del tables
                except FileNotFoundError:
                    raise _vanished(path) from None
                if not path.exists():
                    raise _vanished(path)
                if self._stat(path) != before[path]:
                    raise DataError(f"{path} changed while it was read. Begin again once the files stay.")

    def _small_from(self, at: int, stats: dict[Path, list[int]]) -> list[Path]:
        """Return the files from a place on that may be opened together: small ones with the columns of the first."""
        few: list[Path] = []
        room = self.piece_bytes // SHRUNK
        for path in self.files[at:]:
            room -= stats[path][0]
            if room < 0 or self.is_text or not _is_typed(path) or self._schema(path) is not self._schema(self.files[0]):
                break
            few.append(path)
        return few

    def _schema(self, path: Path) -> Any:
        if path not in self._schemas:
            own, first = schema_of(path), self._schemas.get(self.files[0])
            self._schemas[path] = first if own == first else own  # of thousands of files one stands for all
        return self._schemas[path]

    def joined_pieces(self, like: dict[str, Any] | None = None) -> Iterator[Piece]:
        """Yield the rows in pieces, of which one may have those of several small files; see `pieces`."""
        return self.pieces(like) if self.is_text else joined(self.pieces(like), self.piece_bytes)

    def types(self) -> dict[str, Any]:
        """Return the columns of files of Parquet, each of a type that holds what it has in any of them; of text none.

        Where they do not go together, that is said once the file is read.
        """
        if self.is_text:
            return {}
        types = _read_types(self._schema(self.files[0]))
        for path in self.files[1:]:
            own = self._schema(path)
            if own is not self._schema(self.files[0]):
                read = _read_types(own)
                types = {name: _wider(name, wanted, read) for name, wanted in types.items()}
        return types

    def _stat(self, path: Path) -> list[int]:
        stat = path.stat()
        return [stat.st_size, stat.st_mtime_ns]

    def _tables(self, path: Path) -> Iterator[tuple[pl.DataFrame, str]]:
        if _is_typed(path):
            return ((table, ",") for table in typed_pieces(path, self._schema(path), self.piece_bytes, self.folder))
        return text_pieces(path, self.options, self.piece_bytes)

    @property
    def is_text(self) -> bool:
        """Whether the first file is one of text."""
        return not _is_typed(self.files[0])

    def as_source(self) -> Source:
        """Return what the first file itself says of the columns."""
        if self.is_text:
            separator = next((piece.separator for piece in self.pieces()), ",")
            return Source(separator, blanked=True)
        index, categories = said_by_pandas(self.files[0])
        return Source(index=index, categories=frozenset(categories))


def _is_typed(path: Path) -> bool:
    return _stem(path).endswith(PARQUET)


def _read_types(schema: Any) -> dict[str, Any]:
    import polars as pl

    return dict(in_polars(pl.DataFrame(schema=schema)).table.schema)


def _vanished(path: Path) -> DataError:
    return DataError(f"{path} vanished while it was read. Begin again once the files stay.")


def _wider(name: str, wanted: Any, own: Any) -> Any:
    import polars as pl

    came = own.get(name, wanted)
    if came == wanted:
        return wanted
    if came.is_numeric() and wanted.is_numeric():
        both = [pl.DataFrame(schema={name: dtype}) for dtype in (wanted, came)]
        return pl.concat(both, how="vertical_relaxed").schema[name]
    return came if wanted == pl.Null else wanted


def alike(table: pl.DataFrame, like: dict[str, Any], path: Path, first: Path) -> pl.DataFrame:
    """Return a table with the columns and the types of the first; the order of columns does not matter.

    Parameters
    ----------
    table : polars.DataFrame
    like : dict of str to polars type
        Of the columns of the first file.
    path, first : Path
        What messages call the files.

    Raises
    ------
    DataError
        If it has other columns, or other types than can be widened to those.
    """
    import polars as pl

    if dict(table.schema) == like and table.columns == list(like):
        return table
    absent = [name for name in like if name not in table.columns]
    extra = [name for name in table.columns if name not in like]
    if absent or extra:
        lacks = f"lacks {', '.join(map(repr, absent[:5]))}" if absent else ""
        has = f"has {', '.join(map(repr, extra[:5]))} besides" if extra else ""
        raise DataError(
            f"{path} has other columns than {first}: it {' and '.join(filter(None, [lacks, has]))}. Give all files the "
            "same columns."
        )
    table = table.select(list(like))
    for name, wanted in like.items():
        came = table.schema[name]
        if came == wanted:
            continue
        fits = came == pl.Null or wanted == pl.Null or (came.is_numeric() and wanted.is_numeric())
        fits = fits or {came, wanted} <= {pl.String, pl.Categorical, pl.Enum}
        fits = fits or (isinstance(came, pl.Datetime) and isinstance(wanted, pl.Datetime))
        if not fits:
            raise DataError(
                f"Column {name!r} holds {came} in {path}, but {wanted} in {first}. Write all files with the same types."
            )
        table = table.with_columns(table[name].cast(wanted, strict=False))
    return table
