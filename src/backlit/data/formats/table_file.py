"""A file → a table as it stands there. The name, or the first bytes, say which format; no cell has a meaning yet."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from backlit.data.columns.gaps import strip_cells
from backlit.data.formats.arff import looks_like_arff, read_arff
from backlit.data.formats.arrays import read_idx, read_npz
from backlit.data.formats.delimited import TextTable, read_delimited
from backlit.data.formats.file_bytes import read_bytes, refuse_foreign
from backlit.data.formats.idx import looks_like_idx
from backlit.data.formats.json_lines import SUFFIXES as JSON
from backlit.data.formats.json_lines import read_json
from backlit.data.formats.parquet import SUFFIXES as PARQUET
from backlit.data.formats.parquet import read_parquet
from backlit.data.formats.svmlight import SUFFIXES as SVMLIGHT
from backlit.data.formats.svmlight import looks_like_svmlight, read_svmlight
from backlit.data.formats.workbook import SUFFIXES as WORKBOOKS
from backlit.data.formats.workbook import sheet_as_csv
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

    from backlit.data.columns.counted import Counted

IDX = (".idx", ".idx1", ".idx2", ".idx3", "-ubyte")
NAMED = (*IDX, *PARQUET, ".npz", *JSON, *WORKBOOKS, *SVMLIGHT, ".arff")
"""Endings of files that bring the names of their columns; a sheet may lack them, but can hardly be looked into."""
_TABS, _PLACE = (".tsv", ".tab"), re.compile(r"feature_\d+")


@dataclass(frozen=True)
class TableFile:
    """A table, and how it stood in its file.

    Attributes
    ----------
    frame : polars.DataFrame
        At least one row; column names are distinct.
    is_text : bool
        Whether the file held text alone: all columns are strings then, stripped, and null where empty, but not typed;
        except for the plain numbers.
    separator : str
        What divided the cells of text; a blank stands for a run of blanks.
    begins_on : int
        The line of text, or the row of a sheet, with the header, or with the first row where names were given; counted
        from 1.
    remarks : tuple of str
        What was left out, in words.
    missing : tuple of str
        Cells that mean missing in files of this format.
    categories : tuple of str
        Columns that the file itself declares as categories or text, whatever their cells look like.
    plain : frozenset of str
        Columns of text that hold plain numbers, each cell one, and are given as such.
    index : tuple of str
        Columns that were the index of the pandas frame which was written.
    by_type : tuple of str
        Columns that are categories by their type, though their values are numbers, dates or whatever else.
    is_sparse : bool
        Whether what the file does not write is 0.
    counted : mapping of str to Counted
        Columns of text whose cells were counted on the way.
    """

    frame: pl.DataFrame
    is_text: bool = False
    separator: str = ","
    begins_on: int = 1
    remarks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    plain: frozenset[str] = frozenset()
    index: tuple[str, ...] = ()
    by_type: tuple[str, ...] = ()
    is_sparse: bool = False
    counted: Mapping[str, Counted] = field(default_factory=dict, compare=False, repr=False)

    def with_zeros(self, features: Sequence[str]) -> TableFile:
        """Return a file of sparse rows with those of its features that no row of it has: they are 0 in all."""
        import polars as pl

        absent = [name for name in features if _PLACE.fullmatch(name) and name not in self.frame.columns]
        return replace(self, frame=self.frame.with_columns(pl.lit(0.0).alias(name) for name in absent))


def read_table_file(
    path: str | os.PathLike[str],
    *,
    names: Sequence[str] | None = None,
    separator: str | None = None,
    labels: str | os.PathLike[str] | None = None,
    label_name: str = "label",
    skip_rows: int = 0,
    comment: str | None = None,
    plain_numbers: bool = False,
    as_text: Collection[str] = (),
) -> TableFile:
    """Read a table from a file; see `backlit.read_table` for the formats.

    Parameters
    ----------
    path : str or path-like
        The file, optionally gzipped.
    names : sequence of str, optional
        The column names of a text file, or a sheet, that has no header line.
    separator : str, optional
        The character between the cells of a text file, a blank for a run of them; found by itself by default.
    labels : str or path-like, optional
        An IDX file of labels, to go with an IDX file of images.
    label_name : str, default="label"
        The name of the column of labels, where the format gives it none.
    skip_rows : int, default=0
        Lines of text, or rows of a sheet, to leave out at the beginning.
    comment : str, optional
        Lines of text that begin with it are left out.
    plain_numbers : bool, default=False
        Give columns of plain numbers as such, where that takes less time.
    as_text : collection of str
        Columns to leave as text all the same.

    Raises
    ------
    DataError
        If the file is damaged, of a format that is not read, or no table.
    MissingExtraError
        If the package that reads this format is not installed.
    """
    path = Path(path)
    data = read_bytes(path)
    stem = path.name.lower().removesuffix(".gz")
    table = _read(
        data, path, stem, separator, labels, label_name, names, skip_rows, comment, as_text if plain_numbers else None
    )
    if names is not None and not table.is_text:
        raise DataError(f"{path} brings its own column names: names= is for text files without a header line.")
    if table.frame.height == 0 or table.frame.width == 0:
        raise DataError(
            f"{path} has {table.frame.height} rows and {table.frame.width} columns. At least one of each is needed."
        )
    return table


def _read(
    data: bytes,
    path: Path,
    stem: str,
    separator: str | None,
    labels: str | os.PathLike[str] | None,
    label_name: str,
    names: Sequence[str] | None,
    skip_rows: int,
    comment: str | None,
    as_text: Collection[str] | None,
) -> TableFile:
    if looks_like_idx(data) or stem.endswith(IDX):
        return TableFile(read_idx(data, path, labels, label_name))
    if labels is not None:
        raise DataError(f"labels= belongs to an IDX file of images, which {path} is not. Keep the labels in a column.")
    if stem.endswith(PARQUET):
        parquet = read_parquet(data, path)
        return TableFile(parquet.frame, index=parquet.index, by_type=parquet.categories)
    if stem.endswith(".npz"):
        return TableFile(read_npz(data, path))
    if stem.endswith(JSON):
        return TableFile(read_json(data, path))
    if stem.endswith(WORKBOOKS):
        lines, remarks = sheet_as_csv(data, path)
        table = read_delimited(lines, path, names=names, separator=",", skip_rows=skip_rows, comment=comment)
        return _of_text(table, remarks)
    refuse_foreign(data, path)
    if stem.endswith(".arff") or looks_like_arff(data):
        arff = read_arff(data, path)
        return TableFile(strip_cells(arff.text.frame)[0], True, missing=("?",), categories=arff.categories)
    if stem.endswith(SVMLIGHT) or looks_like_svmlight(data):
        return TableFile(read_svmlight(data, path, label_name), is_sparse=True)
    default = "\t" if stem.endswith(_TABS) else ","
    return _of_text(
        read_delimited(
            data,
            path,
            names=names,
            separator=separator,
            default=default,
            skip_rows=skip_rows,
            comment=comment,
            plain_numbers=as_text is not None,
            as_text=as_text or (),
        )
    )


def _of_text(table: TextTable, remarks: tuple[str, ...] = ()) -> TableFile:
    remarks = (*remarks, *table.remarks)
    frame, counted = strip_cells(table.frame)
    return TableFile(frame, True, table.separator, table.begins_on, remarks, plain=table.plain, counted=counted)
