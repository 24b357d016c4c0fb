"""Rows of a table: which of them have a target, and which were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.engine.protocol import Floats
from backlit.errors import DataError, InvalidInputError
from backlit.tables.table_target import TableTarget

if TYPE_CHECKING:
    import polars as pl


def check_row(table: Any, row: int) -> int:
    """Return the number of a row, counted from 1, if the table has it."""
    if not 1 <= row <= len(table):
        raise InvalidInputError(f"Row {row} was asked for, but the table has rows 1 to {len(table)}.")
    return row


def without(table: Any, target: str, weight: str | None = None) -> Any:
    """Return the columns beside the target, and beside the weights."""
    features = table.drop(target, *([] if weight is None else [weight]))
    if features.width == 0:
        raise DataError(f"The table has no column but the target {target!r}, so there is nothing to predict it from.")
    return features


def weights_of(cells: pl.Series, where: str, first_row: int) -> NDArray[np.float64]:
    """Return what each row counts, ``(n_rows,)``, or say which row has no weight.

    Parameters
    ----------
    cells : polars.Series
    where : str
        What messages put before the number of a row.
    first_row : int
        The number of the first.
    """
    weights = cells.cast(float, strict=False).to_numpy()
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise DataError(
            f"{where} {first_row + i}: the weight in {cells.name!r} is {cells[i]!r}, but a number of at least 0 is "
            "needed. Correct it, or drop the row."
        )
    return weights


def labeled(table: Any, target: TableTarget, remarks: list[str], *, unseen: bool = False) -> tuple[Any, Any]:
    """Return the rows of a table that have a target, and that column.

    Parameters
    ----------
    table : polars.DataFrame
    target : TableTarget
    remarks : list of str
        Takes in what was done to the table.
    unseen : bool, default=False
        Let classes pass that training did not have.

    Raises
    ------
    DataError
        If there is no such column, or it holds classes that training did not have.
    """
    name = target.name
    if name not in table.columns:
        raise DataError(
            f"The target's column {name!r} is needed to compare with, but the table has only "
            f"{', '.join(table.columns[:10])}. Use predict where the target is not known."
        )
    known = table[name].is_not_null()
    if not known.all():
        remarks.append(f"Left out {int((~known).sum()):,} rows without a {name}.")
        table = table.filter(known)
    if len(table) == 0:
        raise DataError(f"No row has a {name}, so there is nothing to compare with.")
    given = table[name]
    column = _bare(given, target)
    if column is not given:
        remarks.append("Read the labels without the full stop at their end.")
    strange = np.zeros(0, dtype=bool) if unseen else ~target.knows(column)
    if strange.any():
        first = int(np.flatnonzero(strange)[0])
        raise DataError(
            f"Row {int(np.flatnonzero(known.to_numpy())[first]) + 1} has the {name} {column[first]!r}, which the "
            f"model was not trained with ({int(strange.sum()):,} such rows). Drop or correct them."
        )
    return table, column


def known_targets(table: Any, target: TableTarget) -> tuple[Floats | None, str | None]:
    """Return y of a table, or None and the reason where some row has no target or one that training did not have.

    Parameters
    ----------
    table : polars.DataFrame
    target : TableTarget
    """
    name = target.name
    if name not in table.columns:
        return None, None
    column = _bare(table[name], target)
    if column.null_count():
        whose = "The row has no" if len(table) == 1 else "Not every row has a"
        return None, f"{whose} {name}, so only the forward pass is shown."
    strange = np.flatnonzero(~target.knows(column))
    if len(strange):
        return None, f"The model knows no {name} {column[int(strange[0])]!r}, so only the forward pass is shown."
    return target.encode(column), None


def _bare(column: Any, target: TableTarget) -> Any:
    # UCI writes the labels of its test files with a full stop at the end
    import polars as pl

    classes = list(target.classes or ())
    if not classes or column.dtype != pl.String or not all(isinstance(label, str) for label in classes):
        return column
    bare = column.str.strip_suffix(".")
    return bare if not column.is_in(classes).any() and bare.is_in(classes).all() else column
