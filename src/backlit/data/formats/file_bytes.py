"""The bytes of a file, unpacked; and what to say where there are none, or of a format that is not read."""

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


_UNPACK = "Unpack it, and give a file of it"
_PARQUET = "In Python: {}.write_parquet('new.parquet')"
_PANDAS = "In Python: {}.to_parquet('new.parquet')"
_PICKLE = ("a pickle, which can run code when it is read", "Where you trust it: read it in Python, and write Parquet")
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", f"{_UNPACK}; a workbook's name ends in .xlsx"),
    (b"\xd0\xcf\x11\xe0", "an old document of Office", "If it is a workbook, let its name end in .xls"),
    (b"BZh", "packed by bzip2", "Unpack it: bunzip2 FILE"),
    (b"\xfd7zXZ", "packed by xz", "Unpack it: unxz FILE"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "Unpack it: unzstd FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"ARROW1", "an Arrow (Feather) file", _PARQUET.format("polars.read_ipc('FILE')")),
    (b"Obj\x01", "an Avro file", _PARQUET.format("polars.read_avro('FILE')")),
    (b"ORC", "an ORC file", _PANDAS.format("pandas.read_orc('FILE')")),
    (b"\x89HDF", "an HDF5 file", _PANDAS.format("pandas.read_hdf('FILE')")),
    (b"$FL2", "an SPSS file", _PANDAS.format("pandas.read_spss('FILE')")),
    (b"<stata_dta>", "a Stata file", _PANDAS.format("pandas.read_stata('FILE')")),
    (b"HEADER RECORD*******LIB", "a SAS transport file", _PANDAS.format("pandas.read_sas('FILE', format='xport')")),
    (b"\x93NUMPY", "an array of NumPy", "In Python: numpy.savez('new.npz', X=numpy.load('FILE'))"),
    (b"MATLAB 5.0", "a MATLAB file", "In Python: scipy.io.loadmat('FILE'), then numpy.savez"),
    (b"RDX", "an R workspace", "In R: write.csv(table, 'new.csv', row.names=FALSE)"),
    (
        b"SQLite format 3",
        "an SQLite database",
        "Write a table out: sqlite3 -header -csv FILE 'SELECT * FROM t'",
    ),
    (b"\x80\x04\x95", *_PICKLE),
    (b"\x80\x05\x95", *_PICKLE),
    (b"%PDF", "a PDF document", "Get the table as CSV"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "Fetch the file: git lfs pull"),
)
_PAGES = (b"<!doctype html", b"<html", b"<?xml")


def refuse_foreign(data: bytes, path: object) -> None:
    """Raise if the bytes are of a format that is known but not read."""
    for magic, what, remedy in _FOREIGN:
        if data.startswith(magic):
            raise DataError(f"{path} is {what}, which backlit does not read. {remedy.replace('FILE', str(path))}.")
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    if start.startswith(_PAGES):
        what = "XML" if start.startswith(b"<?xml") else "a web page, perhaps of a download that failed"
        raise DataError(f"{path} is {what}, and no table. Fetch or save it as CSV.")
