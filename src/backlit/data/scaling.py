"""Numbers of any size → numbers of size one: median, interquartile range, and a smooth clip, as RealMLP does it.

Holzmüller, Grinsztajn, Steinwart: "Better by Default" (2024), section on preprocessing. An outlier, however far, ends
below 3 and so cannot drown the other columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from backlit.errors import DataError

# Beyond it squares overflow; no measurement is that large, a placeholder may be.
LIMIT = 1e150
_STRIP = 1024
_CELLS, _NARROW_CELLS = 1 << 14, 1 << 17
"""That stay in the processor's cache with what is computed of them."""
_NARROW_LIMIT = 1e15
_CLIPPED = 1e15
"""Whose square a float32 holds, and which ends at 3 as all beyond it do."""
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def spread_of(numbers: NDArray[np.float64], present: NDArray[np.float64], column: str) -> tuple[float, float]:
    """Return the median and what deviations from it are divided by (0 for a constant).

    Parameters
    ----------
    numbers, present : ndarray
        The whole column, and those of it that are not NaN.
    column : str
        For messages.
    """
    refuse_infinite(numbers[:, None], [column])
    q25, median, q75 = (float(q) for q in np.quantile(present, [0.25, 0.5, 0.75]))
    for spread in (q75 - q25, (float(present.max()) - float(present.min())) / 2):
        if spread > 1 / LIMIT:
            return median, spread
    return median, 0.0


def refuse_infinite(numbers: NDArray[np.floating], columns: list[str], first_row: int = 0) -> None:
    """Raise an error at the first number, (n_rows, n_columns), that is infinite or as good as that."""
    # float32 cannot hold the limit itself
    limit = np.finfo(numbers.dtype).max if numbers.dtype == np.float32 else LIMIT
    if numbers.size and max(np.fmax.reduce(numbers, axis=None), -np.fmin.reduce(numbers, axis=None)) > limit:
        bad = np.abs(numbers) > limit
        i, j = (int(k) for k in np.argwhere(bad)[0])
        raise DataError(
            f"Column {columns[j]!r}, row {first_row + i + 1}: {numbers[i, j]:g} is infinite, or beyond ±{LIMIT:g}. "
            "Correct the value or leave it empty."
        )


def scale_and_clip(
    numbers: NDArray[np.floating], center: float | NDArray[np.float64], spread: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scale and clip smoothly to −3 … 3; NaN becomes 0, which is the median's place."""
    work = np.empty((2, *np.shape(numbers)))
    return _scale_and_clip(numbers, center, np.where(np.equal(spread, 0), np.inf, spread), work, may_be_far=True)


def _scale_and_clip(
    numbers: NDArray[np.floating],
    center: float | NDArray[np.float64],
    divisor: NDArray[np.float64],
    work: NDArray[np.float64],
    *,
    may_be_far: bool,
) -> NDArray[np.float64]:
    """See `scale_and_clip`; in arrays that are there already, for to make them takes a third of the time."""
    scaled: NDArray[np.float64]
    scaled, root = work[:, : len(numbers)] if np.ndim(numbers) else work
    np.subtract(numbers, center, out=scaled, dtype=np.float64)
    scaled /= divisor
    if may_be_far:
        np.clip(scaled, -LIMIT, LIMIT, out=scaled)
    np.divide(scaled, 3, out=root)
    np.square(root, out=root)
    root += 1
    scaled /= np.sqrt(root, out=root)
    if np.isnan(scaled.sum()):  # as all are finite but for NaN
        scaled[np.isnan(scaled)] = 0
    return scaled


def scale_block(
    block: NDArray[np.floating],
    columns: list[str],
    center: NDArray[np.float64],
    spread: NDArray[np.float64],
    out: NDArray[np.floating],
    places: NDArray[np.intp],
    indicators: NDArray[np.intp],
) -> None:
    """Scale a block of columns into their places in `out`, a strip of rows at a time so that it stays in the cache.

    Parameters
    ----------
    block : ndarray of shape (n_rows, n_columns)
    columns : list of str
        Names, for messages.
    center, spread : ndarray of shape (n_columns,)
    out : ndarray of shape (n_rows, n_features)
    places, indicators : ndarray of shape (n_columns,)
        Where each column's number goes, and where the 0 or 1 that says "missing"; −1 for nowhere.
    """
    target: slice | NDArray[np.intp] = places
    if np.array_equal(places, np.arange(places[0], places[0] + len(places))):
        target = slice(int(places[0]), int(places[-1]) + 1)
    with_indicator = np.flatnonzero(indicators >= 0)
    divisor = np.where(spread == 0, np.inf, spread)
    scale = _Narrow.of(center, divisor) if block.dtype == out.dtype == np.float32 else None
    step = max(16, (_CELLS if scale is None else _NARROW_CELLS) // len(columns))
    work = np.empty((2, step, len(columns)))
    for start in range(0, len(block), step):
        rows = slice(start, start + step)
        if scale is not None:
            strip = block[rows]
            scaled = scale.strip(strip, columns, start)
        else:
            strip = np.ascontiguousarray(block[rows])
            refuse_infinite(strip, columns, start)
            scaled = _scale_and_clip(strip, center, divisor, work, may_be_far=block.dtype != np.float32)
        out[rows, target] = scaled
        if with_indicator.size:
            out[rows, indicators[with_indicator]] = np.isnan(strip[:, with_indicator])


class _Narrow:
    """Scales float32 to float32: without the way over float64 it takes a fourth of the time.

    The center is two floats, so that what is close to it loses no digit. Columns lie one behind the other, as frames
    hold them: of each there is one center for a whole run of rows, unless rows are fewer than columns.
    """

    def __init__(self, center: NDArray[np.float64], divisor: NDArray[np.float64]) -> None:
        self._high = center.astype(np.float32)
        self._low = (center - self._high).astype(np.float32)
        self._divisor = divisor.astype(np.float32)
        self._far = _CLIPPED * float(self._divisor.min())
        self._by_row = len(center) > _NARROW_CELLS // len(center)
        self._work = np.empty((2, 0), dtype=np.float32)

    @classmethod
    def of(cls, center: NDArray[np.float64], divisor: NDArray[np.float64]) -> _Narrow | None:
        """Return None where a float32 cannot hold what is computed with."""
        usual = (divisor > 1 / _NARROW_LIMIT) & ((divisor < _NARROW_LIMIT) | np.isinf(divisor))
        return cls(center, divisor) if usual.all() and np.abs(center).max() < _NARROW_LIMIT else None

    def strip(self, strip: NDArray[np.floating], columns: list[str], first_row: int) -> NDArray[np.floating]:
        """Return the scaled rows of a strip, ``(n_rows, n_columns)``."""
        lies = strip if self._by_row else strip.T
        high, low, divisor = (each if self._by_row else each[:, None] for each in self._parts)
        if self._work.shape[1] < strip.size:
            self._work = np.empty((2, strip.size), dtype=np.float32)
        scaled, root = (part[: strip.size].reshape(lies.shape) for part in self._work)
        if self._by_row:
            scaled[...] = lies  # which turns it
            lies = scaled
        least, most = float(lies.min()), float(lies.max())
        has_gaps = math.isnan(least)
        if has_gaps or math.isinf(least) or math.isinf(most):
            refuse_infinite(np.asarray(strip), columns, first_row)
        np.subtract(lies, high, out=scaled)
        scaled -= low
        scaled /= divisor
        if has_gaps or max(-least, most) > self._far - float(np.abs(self._high).max()):
            np.clip(scaled, -_CLIPPED, _CLIPPED, out=scaled)
        np.multiply(scaled, np.float32(1 / 3), out=root)
        np.square(root, out=root)
        root += 1
        scaled /= np.sqrt(root, out=root)
        if has_gaps:
            scaled[np.isnan(scaled)] = 0
        return scaled if self._by_row else scaled.T

    @property
    def _parts(self) -> tuple[NDArray[np.float32], ...]:
        return self._high, self._low, self._divisor


def divide_bytes(
    block: NDArray[np.generic], columns: list[str], out: NDArray[np.floating], places: NDArray[np.intp]
) -> None:
    """Divide pixels, (n_rows, n_columns), by 255 into their places in `out`; NaN becomes 0."""
    target: slice | NDArray[np.intp] = places
    if np.array_equal(places, np.arange(places[0], places[0] + len(places))):
        target = slice(int(places[0]), int(places[-1]) + 1)
    shades = (np.arange(256) / 255).astype(out.dtype)
    for start in range(0, len(block), _STRIP // 4):
        rows = slice(start, start + _STRIP // 4)
        strip = np.ascontiguousarray(block[rows])
        if strip.dtype == np.uint8:
            out[rows, target] = shades[strip]
            continue
        bad = (strip < 0) | (strip > 255)
        if bad.any():
            i, j = (int(k) for k in np.argwhere(bad)[0])
            raise DataError(
                f"Column {columns[j]!r}, row {start + i + 1}: {strip[i, j]:g} is no pixel. "
                "In training pixels were bytes from 0 to 255."
            )
        out[rows, target] = np.nan_to_num(strip / 255, nan=0.0)


def shown(number: float, digits: int = 6) -> str:
    """Write a number for people: some digits, and a real minus sign."""
    text = f"{number:.{digits}g}"
    if "e+" in text and abs(number) < 1e15:
        text = f"{float(text):.0f}"  # 1000000, which one reads off a table, not 1e+06
    mantissa, _, power = text.replace("-", "−").partition("e")
    return f"{mantissa}×10{str(int(power.replace('−', '-'))).translate(_RAISED)}" if power else mantissa


def enough_digits(evaluate: Callable[[Callable[[float], float]], float]) -> int:
    """Return how many digits of its numbers a formula needs so that a calculator gets its value to 6 digits.

    Parameters
    ----------
    evaluate : callable
        The formula: (how a number is written) → the value.
    """
    exact = evaluate(lambda number: number)
    for digits in range(6, 17):
        came = evaluate(lambda number, digits=digits: float(f"{number:.{digits}g}"))  # type: ignore[misc]
        if abs(came - exact) <= max(5e-7 * abs(exact), 1e-12):
            return digits
    return 17


def describe_scaling(number: float | None, center: float, spread: float) -> str:
    """Write `scale_and_clip` out for one number, so that a calculator finds it true."""
    if number is None:
        return f"0: missing, the median {shown(center)} stands in"
    if spread == 0:
        return "0: the column was constant in training"

    def scaled(keep: Callable[[float], float]) -> float:
        u = (keep(number) - keep(center)) / keep(spread)
        return u / math.hypot(1.0, u / 3)

    digits = enough_digits(scaled)
    sign = "+" if center < 0 else "−"
    divisor = shown(spread, digits)
    divisor = f"({divisor})" if "×" in divisor else divisor
    u = f"({shown(number, digits)} {sign} {shown(abs(center), digits)}) / {divisor}"
    return f"u = {u},  u / √(1 + (u/3)²)"
