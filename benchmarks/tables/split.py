"""The one split rule: 64 % of the rows to train on, 16 % to stop by and to choose by, 20 % for the test alone.

Every contestant gets these rows and no others; a contestant that takes no validation rows may train on them as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from sets import TableSet
from sklearn.model_selection import train_test_split

TEST, VALIDATION = 0.2, 0.16  # of all rows
SEEDS = (0, 1, 2, 3, 4)


class Split(NamedTuple):
    """Three tables of the same columns that together are the whole, in random order."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame


def split_rows(n_rows: int, seed: int, classes: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the row numbers of the three parts; given the class of each row, every class is split in proportion."""
    rows = np.arange(n_rows)
    rest, test = train_test_split(rows, test_size=TEST, random_state=seed, stratify=classes)
    stratify = None if classes is None else classes[rest]
    train, validation = train_test_split(rest, test_size=VALIDATION / (1 - TEST), random_state=seed, stratify=stratify)
    return train, validation, test


def split(table_set: TableSet, seed: int) -> Split:
    """Return the parts of a set for a seed, the same for everybody."""
    frame = table_set.frame
    return Split(*(frame[rows] for rows in split_rows(len(frame), seed, _classes(frame, table_set))))


def split_to_choose(table_set: TableSet, seed: int) -> Split:
    """Return parts of which none has a row of the test: validation rows are in its place, and a fifth of the training
    rows in that of validation rows."""
    train, validation, _ = split(table_set, seed)
    stop_share = VALIDATION / (1 - TEST)
    rows = train_test_split(
        np.arange(len(train)), test_size=stop_share, random_state=seed, stratify=_classes(train, table_set)
    )
    return Split(train[rows[0]], train[rows[1]], validation)


def _classes(frame: pl.DataFrame, table_set: TableSet) -> np.ndarray | None:
    return frame[table_set.target].to_numpy() if table_set.task == "classification" else None
