"""Columns that give the target alone: what stands there is known only once the target is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

_ENOUGH = 0.99
_FEWEST = 20
_MOST_COLUMNS = 1000


@dataclass(frozen=True)
class Leak:
    """A column that gives the target alone.

    Attributes
    ----------
    column : str
    score : float
        R² of numbers, or the mean share of each class that is found, on rows that were not learned from.
    """

    column: str
    score: float


def find_leaks(table: pl.DataFrame, target: str, task: str, columns: Sequence[str]) -> tuple[Leak, ...]:
    """Find columns that predict the target alone: a tree learns from half the rows, and is tried on the others.

    A column with a new value in each row, such as an ID, tells the tree nothing of the other half.

    Parameters
    ----------
    table : polars.DataFrame
        A sample, read.
    target : str
    task : {"classification", "regression"}
    columns : sequence of str
        Columns to try; of more than 1,000 the first.

    Returns
    -------
    tuple of Leak
        The best first.
    """
    known = table.filter(table[target].is_not_null())
    if known.height < _FEWEST:
        return ()
    y = _codes(known[target]) if task == "classification" else known[target].cast(float).to_numpy()
    order = np.random.default_rng(0).permutation(known.height)
    learn, held = order[::2], order[1::2]
    leaks = [Leak(name, _score(_values(known[name]), y, task, learn, held)) for name in columns[:_MOST_COLUMNS]]
    return tuple(sorted((leak for leak in leaks if leak.score >= _ENOUGH), key=lambda leak: -leak.score))


def _codes(cells: pl.Series) -> NDArray[Any]:
    return np.unique(cells.cast(str).to_numpy(), return_inverse=True)[1]


def _values(cells: pl.Series) -> NDArray[np.float64]:
    import polars as pl

    if cells.dtype.is_temporal():
        cells = cells.to_physical()
    if not (cells.dtype.is_numeric() or cells.dtype == pl.Boolean):
        cells = cells.cast(pl.String).rank("dense")
    return np.asarray(cells.cast(pl.Float64).fill_null(float("nan")).to_numpy()).reshape(-1, 1)


def _score(
    x: NDArray[np.float64], y: NDArray[Any], task: str, learn: NDArray[np.intp], held: NDArray[np.intp]
) -> float:
    from sklearn.metrics import r2_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    # As float32, which trees compute in, large numbers would be infinite.
    x = np.clip(x, -1e38, 1e38)
    tree: Any
    if task == "regression":
        tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=0).fit(x[learn], y[learn])
        return float(r2_score(y[held], tree.predict(x[held])))
    tree = DecisionTreeClassifier(min_samples_leaf=2, random_state=0).fit(x[learn], y[learn])
    right = tree.predict(x[held]) == y[held]
    return float(np.mean([right[y[held] == code].mean() for code in np.unique(y[held])]))
