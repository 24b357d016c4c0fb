"""The bytes of a file, unpacked; and what to say where there are none."""

from __future__ import annotations

import difflib
import gzip
import os
import zlib
from pathlib import Path

from backlit.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return what a file holds, unpacked if it is gzipped.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    DataError
        If it cannot be read, with files of a similar name; if it is empty or damaged.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}. {_near_files(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder. Give one of the files in it: {_listing(path)}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not data:
        raise DataError(f"{path} is empty (0 bytes).")
    if data[:2] == _GZIP_MAGIC:
        return _unpack(data, path)
    if path.suffix.lower() == ".gz":
        raise DataError(
            f"{path} is not gzipped: it begins with {data[:2].hex(' ')} instead of 1f 8b. Take .gz off its name, "
            "or fetch it again."
        )
    return data


def _unpack(data: bytes, path: Path) -> bytes:
    try:
        data = gzip.decompress(data)
    except EOFError:
        raise DataError(f"{path} is truncated: its gzip stream ends too early. Fetch it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged gzip ({error}). Fetch it again.") from None
    if not data:
        raise DataError(f"{path} is empty: nothing is left after unpacking.")
    return data


def _near_files(path: Path) -> str:
    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist either."
    present = sorted(entry.name for entry in path.parent.iterdir())
    near = difflib.get_close_matches(path.name, present, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"In that folder: {_listing(path.parent)}."


def _listing(folder: Path) -> str:
    present = sorted(entry.name for entry in folder.iterdir())
    return ", ".join(present[:8]) + (" …" if len(present) > 8 else "") if present else "nothing"
