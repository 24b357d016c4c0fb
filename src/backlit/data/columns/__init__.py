"""What each column of a table is: decided once, from every cell, said aloud, and saved with the model.

`Column` says what one column was taken for, `TableSchema` all of them with the rows that are none; `decide` finds both
from a table, and what the user gives (`ColumnChoices`) goes before whatever the cells say. Reading by a schema needs no
look at the other cells, so that a cell means the same in every file.
"""

from backlit.data.columns.choices import ColumnChoices, Source
from backlit.data.columns.column import Column, Kind
from backlit.data.columns.decide import decide
from backlit.data.columns.left_out_rows import LeftOutRow
from backlit.data.columns.schema import TableSchema

__all__ = ["Column", "ColumnChoices", "Kind", "LeftOutRow", "Source", "TableSchema", "decide"]
