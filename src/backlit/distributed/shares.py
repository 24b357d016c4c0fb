"""Which rows of a batch are a rank's: the batch is cut into as many pieces, next to each other, as there are ranks.

So the batch of a step is the same set of rows whatever their number, and what a rank reads is a function of seed,
epoch, rank and number of ranks alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def share_of(n_rows: int, rank: int, size: int) -> tuple[int, int]:
    """Return where the rows of a rank begin in a batch, and where they end; both are the same where it has none.

    Parameters
    ----------
    n_rows : int
        Of the batch.
    rank : int
        Counted from 0.
    size : int
        Ranks in all.

    Examples
    --------
    >>> [share_of(10, rank, 3) for rank in range(3)]
    [(0, 3), (3, 6), (6, 10)]
    """
    return n_rows * rank // size, n_rows * (rank + 1) // size


def own_places(n_rows: int, batch_size: int, rank: int, size: int) -> NDArray[np.int64]:
    """Return where in several batches behind one another the rows of a rank stand.

    Parameters
    ----------
    n_rows : int
        Of all batches; the last may be shorter.
    batch_size : int
    rank, size : int
        See `share_of`.

    Returns
    -------
    ndarray of int64, ``(n_own,)``
        Rising.

    Examples
    --------
    >>> own_places(7, 4, 1, 2)
    array([2, 3, 5, 6])
    """
    n_whole = n_rows // batch_size
    begin, end = share_of(batch_size, rank, size)
    whole = np.arange(n_whole)[:, None] * batch_size + np.arange(begin, end)
    begin, end = share_of(n_rows - n_whole * batch_size, rank, size)
    return np.concatenate([whole.ravel(), n_whole * batch_size + np.arange(begin, end)])
