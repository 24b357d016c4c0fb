"""What columns were taken for, in words: a line each, and for all of a table no more than a screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backlit.data.columns.column import Column

_MOST_LINES = 24
_MOST_CELLS = 4
_NAMES = {"empty": "empty", "left out": "left out", "identifier": "identifier, left out", "text": "text, left out"}
_PLURALS = {"category": "categories", "empty": "empty columns", "left out": "left out", "text": "texts"}


def describe(column: Column, places: int = 50) -> str:
    """Say what a column was taken for: ``"number; 3 of 2,000 cells are not: 'unknown' ×2, '?': taken as gaps"``.

    Parameters
    ----------
    column : Column
    places : int, default=50
        Values of a category that have a place of their own.
    """
    said = [_NAMES.get(column.kind, column.kind)]
    if column.kind == "category" and column.values is not None:
        said[0] = f"category of {column.values:,} values" if column.values != 1 else "category of 1 value"
    if column.why:
        said[0] += f" ({column.why})"
    if column.kind == "category" and (column.values or 0) > places:
        said.append(f"the {places} most frequent have a place of their own, the others share one")
    if column.misfits:
        shown = ", ".join(f"{cell!r}" + f" ×{n:,}" * (n > 1) for cell, n in column.misfits[:_MOST_CELLS])
        more = len(column.misfits) - _MOST_CELLS
        shown += f" and {more} more" if more > 0 else ""
        is_ = "is" if column.n_misfits == 1 else "are"
        said.append(f"{column.n_misfits:,} of {column.rows:,} cells {is_} not: {shown}: taken as gaps")
    if column.gaps and column.kind != "empty":
        said.append(f"{column.gaps:,} gap" + "s" * (column.gaps > 1))
    return "; ".join(said)


def describe_all(columns: Sequence[Column], places: int) -> list[str]:
    """Say what each column of a table was taken for; where there are many, only what is to be wondered at.

    Parameters
    ----------
    columns : sequence of Column
    places : int
        Values of a category that have a place of their own.
    """
    shown = list(columns)
    if len(shown) > _MOST_LINES:
        shown = [column for column in shown if is_remarkable(column, places)]
    more, shown = shown[_MOST_LINES - 4 :] if len(shown) > _MOST_LINES else [], shown[:_MOST_LINES]
    shown = shown[: _MOST_LINES - 4] if more else shown
    width = max((len(column.name) for column in shown), default=0)
    said = [f"  {column.name:<{min(width, 30)}}  {describe(column, places)}" for column in shown]
    if more:
        said.append(f"  and {len(more):,} more like these: {_counted(more)}")
    if len(shown) + len(more) < len(columns):
        names = {column.name for column in [*shown, *more]}
        said.append(f"  {_counted([column for column in columns if column.name not in names])}: nothing to say")
    return said


def is_remarkable(column: Column, places: int) -> bool:
    """Tell whether something of a column was lost, or might have been meant otherwise."""
    return bool(column.misfits or column.why) or not column.is_used or (column.values or 0) > places


def is_lossy(column: Column, places: int) -> bool:
    """Tell whether something of a column was lost."""
    return bool(
        column.misfits or (not column.is_used and column.why != "as was given") or (column.values or 0) > places
    )


def _counted(columns: list[Column]) -> str:
    counts = Counter(column.kind for column in columns)
    return ", ".join(f"{n:,} {kind if n == 1 else _PLURALS.get(kind, kind + 's')}" for kind, n in counts.most_common())
