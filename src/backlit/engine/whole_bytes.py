"""Inputs that are whole numbers up to 255, as pixels are: kept in a byte each, and made floats as a batch needs them.

The floats are those that a matrix of floats would hold, to the last bit, so a network learns the same from either. But
memory has a quarter of them to bring, and where a step of training is as short as the way to its rows, that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.namespace import is_sparse
from backlit.engine.picked import Picked
from backlit.engine.protocol import Floats, Inputs


@dataclass(frozen=True, eq=False)
class WholeBytes:
    """Bytes, each divided by the same number.

    Attributes
    ----------
    values : ndarray of uint8, ``(n, n_in)``
    divisor : float, default 1
        255 where inputs are shares of white.
    """

    values: NDArray[np.uint8]
    divisor: float = 1.0
    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, n_in)``."""
        n, n_in = self.values.shape
        return n, n_in

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is kept."""
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, which: Any) -> WholeBytes:
        """Return some of the rows; a copy where arrays make one."""
        return WholeBytes(self.values[which], self.divisor)

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> Floats:
        return self.floats(np.float64 if dtype is None else dtype)

    def floats(self, dtype: Any) -> Floats:
        """Return the numbers as floats, ``(n, n_in)``."""
        floats: Floats = self.values.astype(dtype)
        if self.divisor != 1:
            floats /= floats.dtype.type(self.divisor)
        return floats


def as_bytes(x: Inputs) -> WholeBytes | None:
    """Return what bytes there are in x, whichever of their rows it means; None where it is of floats."""
    whole = x.whole if isinstance(x, Picked) else x
    if isinstance(whole, WholeBytes):
        return whole
    return WholeBytes(whole) if isinstance(whole, np.ndarray) and whole.dtype == np.uint8 else None


def widened(x: Inputs, dtype: Any) -> Inputs:
    """Return x with its bytes as floats; what has none, as it is."""
    if is_sparse(x):
        return x
    if isinstance(x, Picked):
        x = x[:]
    found = as_bytes(x)
    return x if found is None else found.floats(dtype)
