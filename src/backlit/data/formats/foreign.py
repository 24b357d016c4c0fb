"""Formats that are not read: known by their first bytes, and refused by name with what to do."""

from __future__ import annotations

from backlit.errors import DataError

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
