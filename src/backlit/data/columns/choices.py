"""What the user says of the columns, which goes before whatever the cells say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backlit.data.columns.schema import TableSchema


@dataclass(frozen=True)
class ColumnChoices:
    """What is given of the columns of a table.

    Attributes
    ----------
    columns : mapping of str to str
        Name → ``number``, ``category``, ``date``, ``date:%d/%m/%Y``, ``flag``, ``text``.
    ignore : tuple of str
        Names of columns to leave out; ``Unnamed*`` for all that begin so.
    missing : tuple of str
        Cells that mean a missing value. A number matches however it is written: ``-999`` is ``-999.0`` too.
    decimal : {".", ","} or None
        The decimal mark; None: found from the cells.
    schema : TableSchema or None
        Decided before; nothing is then decided from the cells.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    schema: TableSchema | None = None


NOTHING_GIVEN = ColumnChoices()
