"""Setting rows aside for validation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.initialization import Purpose, stream
from backlit.errors import InvalidInputError


def split_rows(
    n_rows: int, fraction: float, seed: int, classes: NDArray[Any] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split row numbers at random into training and validation rows.

    Parameters
    ----------
    n_rows : int
    fraction : float
        Share of the rows for validation, between 0 and 1.
    seed : int
    classes : ndarray, ``(n_rows,)``, optional
        Class of each row; each class is then split in the same proportion. Classes with a single row stay in training.

    Returns
    -------
    training, validation : ndarray of int64
        In random order.
    """
    from sklearn.model_selection import train_test_split

    if not 0 < fraction < 1:
        raise InvalidInputError(f"The validation fraction must lie between 0 and 1, but {fraction!r} came.")
    n_validation = int(np.ceil(fraction * n_rows))
    if n_validation < 2 or n_rows - n_validation < 1:
        raise InvalidInputError(
            f"The validation set is too small: {fraction:g} of {n_rows} rows leaves {n_validation}, but 2 are needed. "
            "Increase the validation fraction, give more data, or do without validation."
        )
    random_state = int(stream(seed, Purpose.SPLIT).integers(2**32))
    rows = np.arange(n_rows, dtype=np.int64)
    alone = rows[:0]
    if classes is not None:
        _, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
        single = counts[inverse] == 1
        n_classes = int((counts > 1).sum())
        # train_test_split refuses to stratify where a side would not hold every class
        if min(n_validation, n_rows - n_validation - int(single.sum())) >= n_classes > 0:
            alone, rows, classes = rows[single], rows[~single], classes[~single]
        else:
            classes = None
    training, validation = train_test_split(rows, test_size=n_validation, random_state=random_state, stratify=classes)
    return np.concatenate([training, alone]), validation
