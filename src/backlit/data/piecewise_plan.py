"""A number twice: scaled, and laid out over bins, each of which rises from 0 to 1 while the number crosses it.

Gorishniy, Rubachev, Babenko: "On Embeddings for Numerical Features in Tabular Deep Learning" (2022), piecewise linear
encoding with quantile bins. Of a scaled number each neuron of the first layer takes a straight line; of bins it takes a
line that may bend at every edge.

The paper lets the first bin go on below and the last above without end, so that outliers are told apart. Here every
bin ends at 0 and 1: the scaled number beside them tells outliers apart already, and its smooth clip holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from backlit.data.number_plans import FloatArray, JsonDict, NumberPlan, Plan
from backlit.data.scaling import LIMIT, enough_digits, shown
from backlit.data.table_view import TableView
from backlit.data.values import is_missing, number_of

# Features of a strip of rows: a quarter of a megabyte, which stays in the cache.
_STRIP = 1 << 15
_UNITS = {"number": "", "duration": "days", "date": "days since 1970-01-01"}


@dataclass(frozen=True)
class PiecewisePlan(Plan):
    """A number, duration or date as it is otherwise, and a feature more for each bin; all bins are 0 where missing.

    Attributes
    ----------
    scaled : NumberPlan
        What the column gives without bins; its features come first.
    edges : tuple of float
        Where bins begin and end, rising: at least 3.
    """

    kind = "piecewise"
    column: str = field(init=False)
    scaled: NumberPlan
    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", self.scaled.column)

    def names(self) -> list[str]:
        """Name what comes without bins, then each bin by its edges."""
        texts = [shown(edge, digits) for edge, digits in zip(self.edges, _digits(self.edges), strict=True)]
        bins = [f"{self.column} in {low} … {high}" for low, high in pairwise(texts)]
        return [*self.scaled.names(), *bins]

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Encode a date or a duration; numbers go through `Features`, in blocks of many columns."""
        before = len(self.scaled.names())
        self.scaled.encode(view, j, features[:, :before])
        fill_bins(view.numbers(j, self.scaled.kind)[:, None], [0], [self.edges], features, [before])  # type: ignore[arg-type]

    def describe(self, value: object) -> list[str]:
        """Give the formulas with their numbers; a bin that lies to one side needs none."""
        number = None if is_missing(value) else number_of(value, self.scaled.kind)  # type: ignore[arg-type]
        return [*self.scaled.describe(value), *(self._of_bin(number, low, high) for low, high in pairwise(self.edges))]

    def _of_bin(self, number: float | None, low: float, high: float) -> str:
        if number is None:
            return "0: missing"
        unit = _UNITS[self.scaled.kind]
        if number <= low:
            return f"0: at most {shown(low)} {unit}".rstrip()
        if number >= high:
            return f"1: at least {shown(high)} {unit}".rstrip()

        def share(keep: Callable[[float], float]) -> float:
            width = keep(high) - keep(low)
            return (keep(number) - keep(low)) / width if width else np.inf

        digits = enough_digits(share)
        number_text, low_text, high_text = (shown(each, digits) for each in (number, abs(low), high))
        less = f"{'+' if low < 0 else '−'} {low_text}"
        return f"in {unit}: " * bool(unit) + f"({number_text} {less}) / ({high_text} {less})"

    def to_dict(self) -> JsonDict:
        """See `Plan`."""
        return {"kind": self.kind, "scaled": self.scaled.to_dict(), "edges": list(self.edges)}


def _digits(edges: tuple[float, ...]) -> list[int]:
    # an edge may move by a hundredth of the narrower bin beside it, so that edges stay apart in names
    widths = np.diff(edges)
    room = np.minimum(np.append(widths, np.inf), np.append(np.inf, widths)) / 100
    rounded = [[abs(edge - float(f"{edge:.{d}g}")) for d in range(2, 18)] for edge in edges]
    return [2 + int(np.argmax(np.array(off) <= most)) for off, most in zip(rounded, room, strict=True)]


def with_bins(plan: NumberPlan, present: NDArray[np.float64], n_bins: int, above: int = 0) -> Plan:
    """Return a plan with bins beside it, or itself where there would be a single one, which says the same.

    Parameters
    ----------
    plan : NumberPlan
    present : ndarray of shape (n_values,)
        The numbers of training that are not missing.
    n_bins : int
        At most so many, with as many rows in each as can be. Where values that repeat leave room, the others share it:
        a gain that is 0 in nine rows of ten would have one bin otherwise.
    above : int, default 0
        Of at most so many different values there are no bins.
    """
    values = edges = np.unique(present)
    if len(edges) > n_bins + 1:
        # values that occur, so that a bin of repeated values has an edge on them
        edges = _at_shares(present, np.linspace(0, 1, n_bins + 1))
        room = n_bins + 1 - len(edges)
        edges = np.union1d(edges, _at_shares(np.setdiff1d(values, edges), np.linspace(0, 1, room + 2)[1:-1]))
    if len(values) <= above:
        return plan
    # nothing can be divided by less
    edges = edges[np.diff(edges, prepend=-np.inf) > 1 / LIMIT]
    return plan if len(edges) < 3 else PiecewisePlan(plan, tuple(edges.tolist()))


def _at_shares(values: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.unique(np.quantile(values, shares, method="inverted_cdf"))


def fill_bins(
    block: NDArray[np.floating],
    columns: Sequence[int],
    edges: Sequence[tuple[float, ...]],
    out: NDArray[np.floating],
    places: Sequence[int],
) -> None:
    """Fill the bins of columns of a block into `out`, a strip of rows at a time so that it stays in the cache.

    Parameters
    ----------
    block : ndarray of shape (n_rows, n_block_columns)
        NaN where missing.
    columns : sequence of int
        Which of the block's columns have bins.
    edges : sequence of tuple of float
        Of each of these.
    out : ndarray of shape (n_rows, n_features)
    places : sequence of int
        Where the bins of each begin.
    """
    n_bins = [len(each) - 1 for each in edges]
    low = np.concatenate([each[:-1] for each in edges])
    width = np.concatenate([np.diff(each) for each in edges])
    targets = np.concatenate([np.arange(place, place + n) for place, n in zip(places, n_bins, strict=True)])
    step = max(1, _STRIP // len(low))
    for start in range(0, len(block), step):
        rows = slice(start, start + step)
        crossed = np.subtract(np.repeat(block[rows][:, columns], n_bins, axis=1), low, dtype=np.float64)
        crossed /= width
        np.clip(crossed, 0, 1, out=crossed)
        crossed[np.isnan(crossed)] = 0
        out[rows, targets] = crossed


def bin_of(
    numbers: NDArray[np.float64], edges: tuple[float, ...], dtype: str
) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Return what `fill_bins` would fill: in how many bins there is a 1, and what is in the one after them.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows,)
        NaN where missing: then all bins are 0.
    edges : tuple of float
    dtype : str
        Type of the features, to which a share may be rounded up to 1.

    Returns
    -------
    full : ndarray of intp, (n_rows,)
    between : ndarray of dtype, (n_rows,)
        0 where all bins are full.
    """
    ends = np.array(edges)
    last = len(edges) - 2
    full = np.clip(np.searchsorted(ends, numbers, side="right") - 1, 0, last)
    between = numbers - ends[full]
    between /= np.diff(ends)[full]
    missing = np.isnan(between)
    between[missing], full[missing] = 0, 0
    shares = np.clip(between, 0, 1, out=between).astype(dtype)
    crossed = shares == 1
    full[crossed] += 1
    shares[crossed] = 0
    return full, shares
