"""ARFF, Weka's format: a header of attributes with their types, then lines of CSV.

`scipy.io.arff` knows neither text nor quoted names of categories, which Weka's own examples have; so the header is read
here, and the lines go the way of all text.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from backlit.data.formats.delimited import TextTable, read_delimited
from backlit.data.formats.encodings import as_utf8
from backlit.data.formats.separators import rewritten
from backlit.errors import DataError

_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)\s+(.+)", re.IGNORECASE | re.DOTALL)
_NUMBERS = ("numeric", "real", "integer")


@dataclass(frozen=True)
class ArffTable:
    """The lines of an ARFF file, and what its header says of them.

    Attributes
    ----------
    text : TextTable
        ``?`` means missing.
    categories : tuple of str
        Columns that are declared as categories or text, whatever their cells look like.
    """

    text: TextTable
    categories: tuple[str, ...]


def looks_like_arff(data: bytes) -> bool:
    """Tell whether text begins as ARFF does, after comments."""
    lines = (line.strip().lower() for line in data[:65_536].split(b"\n"))
    return next((line.startswith(b"@relation") for line in lines if line and not line.startswith(b"%")), False)


def read_arff(data: bytes, path: object) -> ArffTable:
    """Read an ARFF file.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.

    Raises
    ------
    DataError
        If its header or a line is wrong; for tables within tables, and for rows written as pairs of place and value.
    """
    data = as_utf8(data, path)
    start = re.search(rb"(?im)^[ \t]*@data\b[^\n]*(\n|\Z)", data)
    if start is None:
        raise DataError(f"{path} has no line @data, which begins the rows of an ARFF file.")
    n_lines = data.count(b"\n", 0, start.end())
    attributes = _attributes(data[: start.start()].decode("utf-8"), path)
    names = list(attributes)
    body = data[start.end() :]
    if re.match(rb"\s*(%[^\n]*\n\s*)*\{", body):
        raise DataError(
            f"{path} has rows as pairs of place and value (sparse ARFF). Write it densely: Weka's filter "
            "SparseToNonSparse does."
        )
    if b"'" in body or b'"' in body:
        body = _as_csv(body.decode("utf-8"), path, n_lines, len(names))
        text = read_delimited(body, path, names=names, separator=",")
    else:
        comment = "%" if re.search(rb"(?m)^[ \t]*%", body) else None
        text = read_delimited(data, path, names=names, separator=",", skip_rows=n_lines, comment=comment)
    return ArffTable(text, tuple(name for name, kind in attributes.items() if kind.startswith(("{", "string"))))


def _attributes(header: str, path: object) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for line in map(str.strip, header.split("\n")):
        if not line.lower().startswith("@attribute"):
            continue
        found = _ATTRIBUTE.fullmatch(line)
        kind = "" if found is None else found[2].lower()
        if found is None or not kind.startswith((*_NUMBERS, "string", "date", "{")):
            raise DataError(
                f"{path}: {line[:80]!r} is no attribute that can be used. Numbers, dates, strings and "
                "{a, b, …} can be; write other attributes out as columns of these."
            )
        name = _unquoted(found[1])
        if name in attributes:
            raise DataError(f"{path}: two attributes have the name {name!r}. Rename one.")
        attributes[name] = kind
    if not attributes:
        raise DataError(f"{path} has no line @attribute before @data, so its columns are not known.")
    return attributes


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if quoted else text


def _as_csv(body: str, path: object, n_lines: int, width: int) -> bytes:
    lines = body.split("\n")
    rows = []
    # A comment's apostrophe opens no quotes.
    kept = ["" if line.lstrip().startswith("%") else line for line in lines]
    quote = "'" if "'" in body else '"'
    reader = csv.reader(kept, quotechar=quote, escapechar="\\", skipinitialspace=True)
    for row in reader:
        if not row:
            continue
        if len(row) != width:
            raise DataError(
                f"Line {n_lines + reader.line_num} of {path} has {len(row)} cells, but there are {width} attributes. "
                "Correct the line; a cell that holds a comma needs quotes around it."
            )
        rows.append([_unquoted(cell.strip()) for cell in row])
    return rewritten(rows, ",")
