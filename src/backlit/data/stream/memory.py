"""How much memory a table may take, and how much it would take if it were read whole."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backlit.data.formats.parquet import SUFFIXES as PARQUET
from backlit.data.formats.parquet import reading_parquet
from backlit.data.stream.text_pieces import TextOptions, text_pieces
from backlit.errors import InvalidInputError

SHARE = 0.25
"""Of the memory of the machine, or of its control group, that a table may take unless it is said otherwise."""
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_LEAST = 16 << 20
_PACKED = 6
"""A byte of gzipped text is so many unpacked."""
_OF_TEXT, _BINNED, _SCALED = 51, 34, 2
"""Features of a column of text, of a number in bins, and of a number that is scaled."""


# Before polars is loaded, which reads it: what it frees goes back to the system soon, and not when it is asked again.
# polars leaves what it goes by for the processes that are started later, which is nobody's wish.
_OF_POLARS = "dirty_decay_ms:500,muzzy_decay_ms:1000"
if not os.environ.get("_RJEM_MALLOC_CONF", "").replace(_OF_POLARS, "").strip(","):
    os.environ["_RJEM_MALLOC_CONF"] = "dirty_decay_ms:50,muzzy_decay_ms:0"


@dataclass(frozen=True)
class Budget:
    """What memory is for, in bytes.

    Attributes
    ----------
    total : int
    """

    total: int

    def __post_init__(self) -> None:
        if self.total < _LEAST:
            raise InvalidInputError(
                f"At least {_LEAST >> 20} MiB of memory are needed to read a table in pieces, but {self.total:,} bytes "
                "came."
            )

    @property
    def piece(self) -> int:
        """Of a file, read at once."""
        return min(64 << 20, max(2 << 20, self.total // 12))

    @property
    def window(self) -> int:
        """Rows of the cache that are shuffled together."""
        return self.total // 4

    @property
    def part(self) -> int:
        """Rows that are trained on in one go."""
        return min(16 << 20, max(2 << 20, self.total // 16))


def bytes_of(text: str) -> int:
    """Return the bytes that ``512M``, ``4GB`` or ``1.5 GiB`` stand for."""
    found = re.fullmatch(r"(?i)\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", text)
    if found is None:
        raise InvalidInputError(f"{text!r} is no size of memory such as 512M or 4G.")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def usual_memory() -> int:
    """Return the bytes that a table may take unless it is said otherwise."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 4 << 30
    for path in map(Path, _LIMITS):
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdecimal():
            total = min(total, int(text))
    return max(_LEAST, int(total * SHARE))


def give_back() -> None:
    """Give memory that is not used any more back to the system; glibc would keep it for each thread that had it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def said(n_bytes: float) -> str:
    """Write a size for people."""
    return f"{n_bytes / 2**30:.1f} GiB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:,.0f} MiB"


def would_take(files: Sequence[Path], options: TextOptions, *, in_bins: bool) -> int:
    """Guess the bytes that a table takes in memory, encoded; from its size, and the types of its first rows.

    Parameters
    ----------
    files : sequence of Path
        Parquet, or text.
    options : TextOptions
    in_bins : bool
        Whether numbers are laid out over bins.
    """
    import polars as pl

    total = 0.0
    of_number = _BINNED if in_bins else _SCALED
    row_bytes = 0.0
    for path in files:
        size = path.stat().st_size
        if path.name.lower().endswith(PARQUET):
            with reading_parquet(path), path.open("rb"):
                scan = pl.scan_parquet(path)
                types, rows = scan.collect_schema().values(), int(scan.select(pl.len()).collect().item())
            numbers = sum(dtype.is_numeric() or dtype.is_temporal() for dtype in types)
            texts = len(list(types)) - numbers
            total += rows * (8 * numbers + 24 * texts + 4 * (of_number * numbers + _OF_TEXT * texts)) + size
            continue
        unpacked = size * (_PACKED if path.name.lower().endswith(".gz") else 1)
        if not row_bytes:
            table = next((table for table, _ in text_pieces(path, options, 1 << 18)), None)
            if table is None:
                continue
            few = table.head(500)
            numbers = sum(cells.cast(pl.Float64, strict=False).null_count() <= len(cells) // 2 for cells in few)
            texts = few.width - numbers
            own = max(1.0, len(few.write_csv()) / max(1, few.height))
            row_bytes = (24 * few.width + 4 * (of_number * numbers + _OF_TEXT * texts)) / own + 2
        total += unpacked * row_bytes
    return int(total)
