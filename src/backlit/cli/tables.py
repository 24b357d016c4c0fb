"""Reading a table the way the model's training data was read."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def read_like_training(
    path: Path,
    reading: object,
    *,
    names: Sequence[str] | None,
    missing: Sequence[str] | None,
    separator: str | None,
    labels: Path | None,
    target: str,
) -> Any:
    """Read a table; what is not said is as it was for the training data.

    Parameters
    ----------
    path : Path
    reading : dict or None
        How the training data was read: ``names``, ``missing``, ``separator``. From a model file, so not trusted.
    names, missing, separator, labels
        What the user said, or None.
    target : str
        The model's target; a new file may lack this column.
    """
    from backlit.data.readers import read_table
    from backlit.documents.field import MODEL, Field

    said = Field(reading or {}, "training.reading", MODEL).object()
    then = {key: Field(said.get(key), f"training.reading.{key}", MODEL) for key in ("names", "missing", "separator")}
    if separator is None and not then["separator"].is_null:
        separator = then["separator"].text()
    if names is None and not then["names"].is_null:
        names = _names_for(path, then["names"].texts(), separator, target)
    if not missing:
        missing = [] if then["missing"].is_null else then["missing"].texts()
    return read_table(
        path,
        names=names,
        missing=list(missing),
        separator=separator,
        labels=labels,
        label_name=target,
    )


def _names_for(path: Path, names: Sequence[str], separator: str | None, target: str) -> list[str] | None:
    """Return the names that fit a file's columns: all, all but the target, or None where the file has a header."""
    first = _first_row(path, separator)
    without_target = [name for name in names if name != target]
    if first is None or set(without_target) <= set(first):
        return None
    return without_target if len(first) == len(without_target) else list(names)


def _first_row(path: Path, separator: str | None) -> list[str] | None:
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
