"""Uploaded files: read from their bytes, never from a path that somebody names, and nothing kept of a bad one."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from backlit.errors import BacklitError, DataError, InvalidInputError
from backlit.lab.data.dataset import PREVIEW
from backlit.lab.limits import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, within
from backlit.lab.talk.replies import ColumnView, UploadView

TABLES = (".csv", ".tsv", ".txt", ".data", ".parquet", ".pq")
MODELS = (".safetensors",)
DOCUMENTS = (".json",)


@dataclass(frozen=True, eq=False)
class Waiting:
    """A table that was uploaded, and waits for its target to be named."""

    name: str
    frame: Any
    raw: bytes
    remarks: tuple[str, ...] = ()


def read_upload(name: str, raw: bytes) -> Waiting:
    """Read a table from the bytes of a CSV or Parquet file.

    Parameters
    ----------
    name : str
        What the file is called; only its ending matters.
    raw : bytes
    """
    from backlit.data.formats.table_file import read_table_file

    within("bytes", len(raw), MOST_BYTES, "Take a part of the rows.")
    safe, suffix = plain_name(name)
    if suffix not in TABLES:
        raise DataError(f"The lab reads {', '.join(TABLES)}, {MODELS[0]} and {DOCUMENTS[0]}, but {safe!r} came.")
    with tempfile.TemporaryDirectory(prefix="backlit-lab-") as folder:
        path = Path(folder) / f"table{suffix}"  # never the name that came
        path.write_bytes(raw)
        _check_height(path, suffix)
        try:
            file = read_table_file(path, plain_numbers=True)
        except BacklitError as error:
            raise DataError(str(error).replace(str(path), safe).replace(path.name, safe)) from None
    frame = file.frame
    within("rows", len(frame), MOST_ROWS, "Take a part of them.")
    within("columns", frame.width, MOST_COLUMNS, "Leave some out.")
    return Waiting(safe, frame, raw, tuple(file.remarks))


def _check_height(path: Path, suffix: str) -> None:
    # a Parquet file of some kB may hold millions of equal rows, and says how many before they are read
    if suffix not in (".parquet", ".pq"):
        return
    import polars as pl

    try:
        rows = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError):
        return  # the reader says what is wrong with it
    within("rows", rows, MOST_ROWS, "Take a part of them.")


def read_model(name: str, raw: bytes) -> tuple[Any, Any, str]:
    """Read a model file from its bytes; return the model of tables or None, the network and its loss."""
    from backlit.core.embedded_network import apart
    from backlit.persistence.model_file import load_model
    from backlit.tables.model import TableModel

    within("bytes", len(raw), MOST_BYTES, "Open a smaller model.")
    safe, _ = plain_name(name)
    with tempfile.TemporaryDirectory(prefix="backlit-lab-") as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(raw)
        try:
            stored = load_model(path)
            model = None if stored.encoder is None else TableModel.load(path)
            network, embedding = apart(stored.network if model is None else model.network)
            if embedding is not None and embedding.embedded.of_inputs:
                raise InvalidInputError("The lab has no embeddings yet. Use backlit explain, or train without them.")
            return model, network, stored.loss  # α of its neurons, where it has them, are part of its σ
        except BacklitError as error:
            raise InvalidInputError(str(error).replace(str(path), safe)) from None


def plain_name(name: str) -> tuple[str, str]:
    """Return the last part of a file's name without what is odd in it, and its ending in small letters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    safe = re.sub(r"[^\w .()+-]", "_", last)[-80:] or "file"
    return safe, PurePosixPath(safe).suffix.lower()


def upload_view(waiting: Waiting) -> UploadView:
    """Return what a page shows of a table that waits for its target."""
    from backlit.data.columns.decide import decide
    from backlit.data.meaning import choices_of

    frame = waiting.frame
    schema = decide(frame, choices_of(None))
    rows = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in frame.head(PREVIEW).iter_rows())
    columns = tuple(ColumnView(each.name, str(each.kind), "input", "") for each in schema.columns)
    return UploadView(waiting.name, "table", len(frame), columns, rows, frame.columns[-1], None)
