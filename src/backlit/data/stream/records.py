"""Encoded rows as narrow as they are, and the features again, bit for bit.

A place of a category takes a byte, where 50 features hold it; a flag takes one; the bins of a number, all 0 above the
one it stands in and all 1 below, take a byte and a float. So a row is read from disk, and moved about in a shuffle, at
the size of the table and not of the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.features import Features
from backlit.data.number_plans import WHITE
from backlit.data.plans import (
    BooleanPlan,
    CategoryPlan,
    DatePlan,
    EmptyPlan,
    NumberPlan,
    PiecewisePlan,
    PixelPlan,
    Plan,
)
from backlit.engine.protocol import Floats

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Records:
    """How a row is laid out.

    Attributes
    ----------
    n_features : int
    floats : ndarray of intp
        Features that are stored as they are.
    bytes_ : ndarray of intp
        Features that are −1, 0 or 1.
    pixels : ndarray of intp
        Features that are a byte divided by 255.
    groups : tuple of (first feature, features)
        Categories: one of the features is 1, all others are 0.
    ramps : tuple of (first feature, features)
        Bins: 1, then perhaps one between, then 0.
    dtype : numpy.dtype
        Of a record.
    number : str
        Type of the features.
    """

    n_features: int
    floats: Places
    bytes_: Places
    pixels: Places
    groups: tuple[tuple[int, int], ...]
    ramps: tuple[tuple[int, int], ...]
    dtype: np.dtype[Any]
    number: str

    @classmethod
    def of(cls, features: Features, number: str) -> Records:
        """Return the layout for an encoder's features of type `number`."""
        kinds: dict[str, list[int]] = {"floats": [], "bytes": [], "pixels": []}
        groups: list[tuple[int, int]] = []
        ramps: list[tuple[int, int]] = []
        for plan, (begin, end) in zip(features.plans, pairwise(features.offsets.tolist()), strict=True):
            _lay_out(plan, begin, end, kinds, groups, ramps)
        n_codes = len(groups) + len(ramps)
        parts: list[Any] = [
            ("floats", number, (len(kinds["floats"]) + len(ramps),)),
            ("codes", "<u2", (n_codes,)),
            ("bytes", "i1", (len(kinds["bytes"]),)),
            ("pixels", "u1", (len(kinds["pixels"]),)),
        ]
        if all(count <= 256 for _, count in [*groups, *ramps]):
            parts[1] = ("codes", "u1", (n_codes,))
        dtype = np.dtype([part for part in parts if part[2][0]])
        floats, bytes_, pixels = (np.array(kinds[name], dtype=np.intp) for name in ("floats", "bytes", "pixels"))
        return cls(len(features.names), floats, bytes_, pixels, tuple(groups), tuple(ramps), dtype, number)

    @property
    def is_plain(self) -> bool:
        """Whether a record is the features themselves."""
        return len(self.floats) == self.n_features and self.dtype.names == ("floats",)

    @property
    def are_pixels(self) -> bool:
        """Whether a record is a byte for each feature."""
        return len(self.pixels) == self.n_features

    @property
    def stay(self) -> bool:
        """Whether an engine takes records as they are, so that nothing has to be unpacked."""
        return self.is_plain or self.are_pixels

    def unpack(self, records: NDArray[Any], out: Floats | None = None) -> Floats:
        """Return the encoded rows of records, ``(n_rows, n_features)``."""
        if self.is_plain:
            return np.ascontiguousarray(records["floats"])
        if out is None:
            out = np.empty((len(records), self.n_features), dtype=self.number)
        if len(self.floats):
            _put(out, self.floats, records["floats"][:, : len(self.floats)])
        if len(self.bytes_):
            _put(out, self.bytes_, records["bytes"])
        if len(self.pixels):
            _put(out, self.pixels, np.divide(records["pixels"], WHITE, dtype=out.dtype))
        row_starts = np.arange(len(records)) * self.n_features
        flat = out.reshape(-1)
        for k, (begin, count) in enumerate(self.groups):
            out[:, begin : begin + count] = 0
            flat[row_starts + begin + records["codes"][:, k]] = 1
        for k, (begin, count) in enumerate(self.ramps):
            full = records["codes"][:, len(self.groups) + k].astype(np.intp)
            np.less(np.arange(count), full[:, None], out=out[:, begin : begin + count], casting="unsafe")
            within = full < count
            flat[(row_starts + begin + full)[within]] = records["floats"][within, len(self.floats) + k]
        return out


def _put(out: Floats, places: Places, values: NDArray[Any]) -> None:
    target: Any = places
    if places[-1] - places[0] + 1 == len(places):
        target = slice(int(places[0]), int(places[-1]) + 1)
    out[:, target] = values


def _lay_out(
    plan: Plan,
    begin: int,
    end: int,
    kinds: dict[str, list[int]],
    groups: list[tuple[int, int]],
    ramps: list[tuple[int, int]],
) -> None:
    match plan:
        case PiecewisePlan():
            n_scaled = len(plan.scaled.names())
            _lay_out(plan.scaled, begin, begin + n_scaled, kinds, groups, ramps)
            ramps.append((begin + n_scaled, end - begin - n_scaled))
        case CategoryPlan():
            groups.append((begin, end - begin))
        case PixelPlan():
            kinds["pixels"].append(begin)
        case BooleanPlan() | EmptyPlan():
            kinds["bytes"] += range(begin, end)
        case NumberPlan(missing=True):
            kinds["floats"] += range(begin, end - 1)
            kinds["bytes"].append(end - 1)
        case NumberPlan() | DatePlan():
            kinds["floats"] += range(begin, end)
        case _:
            raise TypeError(f"how {type(plan).__name__} is stored has to be said here")
