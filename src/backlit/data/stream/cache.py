"""The encoded rows of a stream in a folder of their own: written once, described, checksummed, and used again.

``training.rows``, ``validation.rows``  records, as `backlit.data.stream.records` lays them out
``*.npy``                               what belongs to each row: y, and what it counts
``start.safetensors``                   what they were encoded by
``cache.json``                          what was asked for, how many rows there are, and the checksum of every file

`cache.json` comes last, and only with it a folder is a cache: whatever ends the writing before leaves none that looks
whole. Opening one executes nothing.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from backlit.data.stream.row_file import RowFile
from backlit.data.stream.spill import Spill
from backlit.documents import strict_json
from backlit.documents.addresses import is_address
from backlit.documents.field import Field, Kind
from backlit.errors import DataError, InvalidInputError, OutputError

PARTS = ("training", "validation")
_FORMAT, _VERSION, _NAME = "backlit-cache", 2, "cache.json"
_KIND = Kind(DataError, "Delete the folder of the cache.")
START = "start.safetensors"
"""What the rows were encoded by, which the model that is trained begins with."""
_OURS = (_NAME, START, f".{_NAME}", *(f"{part}.{name}" for part in PARTS for name in ("rows", "y.npy", "weight.npy")))
_ROOM = 32 << 20
_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class Cache:
    """A cache that is whole.

    Attributes
    ----------
    folder : Path
    parts : dict of str to RowFile
    arrays : dict of str to ndarray
        By part and name: ``"training.y"``.
    digest : str
        Of all of it: runs on the same rows have the same.
    """

    folder: Path
    parts: dict[str, RowFile]
    arrays: dict[str, NDArray[Any]]
    digest: str


class CacheWriter:
    """Writes a cache; leaving the block with an exception removes it.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    dtype : numpy.dtype
        Of a record.
    n_rows : int
        About so many will come: where the disk has no room for them, that is said now.
    at_once : int, default 256 KiB
        Bytes. What is written at once Linux keeps as one piece of memory, and maps as one: rows in large pieces are
        found faster, but of a piece that a block of rows is in memory then holds all.
    """

    def __init__(self, folder: Path, dtype: np.dtype[Any], n_rows: int, at_once: int = 256 << 10) -> None:
        self.folder, self._dtype, self._at_once = folder, dtype, at_once
        self._need = n_rows * dtype.itemsize
        self._files: dict[str, BinaryIO] = {}
        self._sums = dict.fromkeys(PARTS, 0)
        self._rows = dict.fromkeys(PARTS, 0)
        self._made = False
        self._pool = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        try:
            self._made = not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
            clear(self.folder)
            free = shutil.disk_usage(self.folder).free
            if free < self._need + _ROOM:
                raise OutputError(
                    f"The cache in {str(self.folder)!r} takes about {_size(self._need)}, but its disk has "
                    f"{_size(free)} left. Free some space, or give a folder on another disk (--cache)."
                )
            self._files = {part: (self.folder / f"{part}.rows").open("wb") for part in PARTS}
        except OSError as error:
            self._pool.shutdown()
            self._remove()
            raise self._failed(error) from error
        return self

    def write(self, part: str, records: NDArray[Any]) -> None:
        """Write records behind those of a part that came before."""
        data = np.ascontiguousarray(records).view(np.uint8).reshape(-1).data
        self._settle()
        self._rows[part] += len(records)
        self._writing = self._pool.submit(self._put, part, data)

    def _put(self, part: str, data: memoryview) -> None:
        for at in range(0, len(data), self._at_once):
            self._files[part].write(data[at : at + self._at_once])
        self._sums[part] = zlib.crc32(data, self._sums[part])

    def _settle(self) -> None:
        """Wait until what came before is written: while more is encoded, on another thread."""
        writing, self._writing = self._writing, None
        try:
            if writing is not None:
                writing.result()
        except OSError as error:
            raise self._failed(error) from error

    def spill(self) -> Spill:
        """Return room for numbers on the disk of the cache, until it is whole."""
        try:
            return Spill(self.folder)
        except OSError as error:
            raise self._failed(error) from error

    def keep(self, spill: Spill, numbers: NDArray[Any]) -> None:
        """Write numbers, ``(n,)``, into such room."""
        try:
            spill.add(numbers)
        except OSError as error:
            raise self._failed(error) from error

    def finish(self, asked: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Cache:
        """Make the cache whole.

        Parameters
        ----------
        asked : dict
            What it was made for, in JSON's types: only for the same it is used again.
        arrays : dict of str to ndarray
            By part and name.
        """
        self._settle()
        try:
            for file in self._files.values():
                file.close()  # what a loss of power would leave, the sums tell
            sums = {f"{part}.rows": f"{total:08x}" for part, total in self._sums.items()}
            for name, array in arrays.items():
                np.save(self.folder / f"{name}.npy", array)
                sums[f"{name}.npy"] = _sum_of(self.folder / f"{name}.npy")
            document = {
                "format": _FORMAT,
                "version": _VERSION,
                "asked": asked,
                "rows": self._rows,
                "files": sums,
            }
            hidden = self.folder / f".{_NAME}"
            with hidden.open("wb") as file:
                file.write(strict_json.dump(document).encode())
            hidden.replace(self.folder / _NAME)
        except OSError as error:
            raise self._failed(error) from error
        return _cache(self.folder, self._dtype, self._rows, arrays, sums)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if kind is not None:
            self._remove()

    def _remove(self) -> None:
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()
        with contextlib.suppress(OSError):
            clear(self.folder)
            if self._made:
                self.folder.rmdir()

    def _failed(self, error: OSError) -> OutputError:
        if isinstance(error, OutputError):
            return error
        remedy = "Give a folder that you may write to (--cache)."
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            remedy = f"It takes about {_size(self._need)}: free some space, or give another folder (--cache)."
        return OutputError(f"Cannot write the cache in {str(self.folder)!r}: {error.strerror or error}. {remedy}")


def open_cache(folder: Path, asked: dict[str, Any], dtype: np.dtype[Any]) -> tuple[Cache | None, str]:
    """Return a cache that was written for the same, or None and why it is not used.

    Parameters
    ----------
    folder : Path
    asked : dict
        As `CacheWriter.finish` is given it.
    dtype : numpy.dtype
        Of a record.
    """
    try:
        document = strict_json.parse((folder / _NAME).read_text(encoding="utf-8"))
        top = Field(document, "", _KIND)
        top.header(_FORMAT, _VERSION)
        fields = top.fields("format", "version", "asked", "rows", "files")
        was_asked = fields["asked"].object()
        if was_asked != asked:
            different = sorted(name for name in {*was_asked, *asked} if was_asked.get(name) != asked.get(name))
            return None, f"it was made for other {' and '.join(different[:3])}"
        rows = {part: fields["rows"][part].whole() for part in PARTS}
        sums = {name: fields["files"][name].text() for name in fields["files"].object()}
        for part in PARTS:
            if (folder / f"{part}.rows").stat().st_size != rows[part] * dtype.itemsize:
                return None, f"{part}.rows is not as long as it was"
        for name, total in sums.items():
            if Path(name).name != name or _sum_of(folder / name) != total:
                return None, f"{name} is damaged"
        arrays = {
            name.removesuffix(".npy"): np.load(folder / name, allow_pickle=False)
            for name in sums
            if name.endswith(".npy")
        }
    except FileNotFoundError:
        return None, ""
    except (OSError, UnicodeDecodeError, InvalidInputError, DataError, ValueError) as error:
        return None, f"it cannot be read ({error})"
    return _cache(folder, dtype, rows, arrays, sums), ""


def check_folder(folder: Path) -> Path:
    """Return a folder, or the one that it will be made in, if a cache can be written there; else raise an error."""
    if is_address(folder):
        raise OutputError(
            f"The cache must be in a folder, but the address {os.fspath(folder)!r} came. Mount that store, and give "
            "the folder where it is (--cache)."
        )
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        what = f"{str(there)!r} is not writable" if there.is_dir() else f"{str(there)!r} is no folder"
        raise OutputError(
            f"Cannot write the cache in {str(folder)!r}: {what}. Give a folder that you may write to (--cache)."
        )
    return there


def clear(folder: Path) -> None:
    """Remove a cache from its folder, and nothing else; its description first, without which it is none."""
    for name in _OURS:
        (folder / name).unlink(missing_ok=True)


def _cache(
    folder: Path, dtype: np.dtype[Any], rows: dict[str, int], arrays: dict[str, NDArray[Any]], sums: dict[str, str]
) -> Cache:
    parts = {part: RowFile(folder / f"{part}.rows", dtype, rows[part]) for part in PARTS}
    whole = hashlib.sha256(strict_json.dump(dict(sorted(sums.items()))).encode()).hexdigest()
    return Cache(folder, parts, arrays, f"sha256 {whole}")


def _sum_of(path: Path) -> str:
    """Return the CRC-32 of a file, which tells damage in half the time that a digest takes that nobody can forge."""
    total = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_AT_ONCE):
            total = zlib.crc32(data, total)
    return f"{total:08x}"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.1f} GiB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:,.0f} MiB"
