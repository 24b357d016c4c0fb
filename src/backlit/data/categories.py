"""Which columns of a table are categories by wish, whatever they hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from backlit.data.table_view import TableView
from backlit.errors import InvalidInputError, UnknownNameError


def chosen_categories(chosen: Any, view: TableView) -> set[int]:
    """Return the positions, from 0, of the columns that are to be categories.

    Parameters
    ----------
    chosen : "from_dtype", or array-like of str, int or bool
        Names, positions from 0, or a mask over all columns. "from_dtype" chooses none: the columns' types then decide.
    view : TableView
    """
    width = len(view.names)
    if isinstance(chosen, str) and chosen == "from_dtype":
        return set()
    given = np.asarray(chosen)
    if given.dtype == bool and given.shape == (width,):
        return set(np.flatnonzero(given).tolist())
    if given.ndim == 1 and given.dtype.kind in "iu" and (given >= 0).all() and (given < width).all():
        return set(given.tolist())
    if given.ndim == 1 and all(isinstance(name, str) for name in given.tolist()):
        unknown = [name for name in given.tolist() if name not in view.positions]
        if unknown:
            raise UnknownNameError("column", unknown[0], view.names)
        return {view.positions[name] for name in given.tolist()}
    raise InvalidInputError(
        f"categorical_features must be 'from_dtype', names of columns, positions from 0 to {width - 1}, or a mask of "
        f"{width} booleans, but {chosen!r} came."
    )
