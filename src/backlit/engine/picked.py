"""Rows of a matrix in any order, which stay where they are: in a file that is mapped into memory, for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.engine.protocol import Floats


@dataclass(frozen=True, eq=False)
class Picked:
    """Some rows of x, to be trained on.

    Attributes
    ----------
    whole : ndarray or WholeBytes, ``(n_all, n_in)``
    rows : ndarray of int64, ``(n,)``
    """

    whole: Any
    rows: NDArray[np.int64]
    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, n_in)``."""
        return len(self.rows), int(self.whole.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its numbers."""
        dtype: np.dtype[Any] = self.whole.dtype
        return dtype

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> Floats:
        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, which: Any) -> Any:
        """Return a copy of some of these rows."""
        return self.whole[self.rows[which]]
