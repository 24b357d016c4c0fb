"""A look at a table before anything is learned from it: what its columns are, and what may be wrong with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from backlit.data.columns.cells import read_counted
from backlit.data.columns.choices import NOTHING_GIVEN, ColumnChoices
from backlit.data.columns.column import Column
from backlit.data.columns.counted import of_each
from backlit.data.columns.decide import PLACES, decide_by_counts
from backlit.data.columns.left_out_rows import without_lines
from backlit.data.columns.report import describe
from backlit.data.columns.schema import TableSchema
from backlit.data.leaks import Leak, find_leaks
from backlit.data.target import check_target_name, infer_task
from backlit.data.values import canonical_text, plain

if TYPE_CHECKING:
    import polars as pl

_SAMPLE = 20_000
_FREQUENT, _OFTEN = 3, 5


@dataclass(frozen=True)
class ColumnFacts:
    """One column, looked at.

    Attributes
    ----------
    column : Column
        What it was taken for.
    said : str
        The same in words, with why, gaps, and cells that did not fit.
    low, high : str, int, float, bool or None
        The least and the greatest value of numbers and dates (ISO text).
    frequent : tuple of (value, share)
        The most frequent values, where some are: with their share of a sample of the cells that are no gaps.
    """

    column: Column
    said: str
    low: Any = None
    high: Any = None
    frequent: tuple[tuple[Any, float], ...] = ()


@dataclass(frozen=True)
class TargetFacts:
    """The column to predict, looked at.

    Attributes
    ----------
    name : str
    task : {"classification", "regression"}
    why : str
    classes : dict of str to int
        Rows of each class, the largest first; empty for numbers.
    leaks : tuple of Leak
        Columns that give the target alone.
    """

    name: str
    task: str
    why: str
    classes: dict[str, int] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """What was seen of a table.

    Attributes
    ----------
    n_rows : int
        Without lines that are no rows.
    schema : TableSchema
    columns : tuple of ColumnFacts
    target : TargetFacts or None
    sample : int
        Rows that frequent values and leaks were sought in.
    """

    n_rows: int
    schema: TableSchema
    columns: tuple[ColumnFacts, ...]
    target: TargetFacts | None
    sample: int

    def to_document(self) -> dict[str, Any]:
        """Write what was seen down in JSON's types."""
        columns = [
            facts.column.to_document()
            | {"said": facts.said, "low": facts.low, "high": facts.high, "frequent": [list(f) for f in facts.frequent]}
            for facts in self.columns
        ]
        target = None if self.target is None else asdict(self.target)
        left_out = [[line.row, line.why] for line in self.schema.left_out_rows]
        return {
            "rows": self.n_rows,
            "sample": self.sample,
            "columns": columns,
            "target": target,
            "left_out_rows": left_out,
            "remarks": list(self.schema.remarks),
        }


def inspect_table(
    table: pl.DataFrame,
    choices: ColumnChoices = NOTHING_GIVEN,
    target: str | None = None,
    places: Callable[[TableSchema, int], int] = lambda schema, n_rows: PLACES,
) -> Inspection:
    """Look at a table without training on it.

    Parameters
    ----------
    table : polars.DataFrame
        As it was read, its text without a meaning yet.
    choices : ColumnChoices
        What is known of the columns.
    target : str, optional
        The column to predict; then leaks are sought.
    places : callable, optional
        From the schema and the number of rows, how many values of a category will have a place of their own.
    """
    if target is not None:
        check_target_name(table.columns, target)
    schema, counted = decide_by_counts(table, choices, target)
    table = without_lines(table, schema.left_out_rows)
    step = max(1, math.ceil(table.height / _SAMPLE))
    # Text stays as it is, and what was read as numbers already.
    measured = [column.name for column in schema.columns if column.written is not None or schema.missing]
    sample = table.gather_every(step)
    sample = sample.with_columns(schema.only(measured).read(sample.select(measured)).iter_columns())
    # All cells are read where their different ones were not.
    rest = [name for name in measured if name not in counted or name == target]
    table = table.with_columns(schema.only(rest).read(table.select(rest)).iter_columns())

    def look_at(column: Column) -> ColumnFacts:
        known = counted.get(column.name)
        values = table[column.name] if known is None else read_counted(known, column.written)
        return _facts(column, values, sample[column.name], n_places)

    n_places = places(schema, table.height)
    facts = of_each(schema.columns, look_at, table.height)
    found = None if target is None else _target_facts(table[target], sample, target, schema.columns)
    return Inspection(table.height, schema, tuple(facts), found, sample.height)


def _facts(column: Column, values: pl.Series, sample: pl.Series, places: int) -> ColumnFacts:
    said = describe(column, places)
    low = high = None
    if column.kind in ("number", "date", "duration"):
        low, high = (_plain(value) for value in (values.min(), values.max()))
    present = sample.drop_nulls()
    frequent: tuple[tuple[Any, float], ...] = ()
    if len(present) and column.kind not in ("constant", "text"):
        counts = present.alias("value").value_counts(name="n", sort=True).head(_FREQUENT).rows()
        # Of measurements every value is as rare as the other.
        frequent = tuple(
            (_plain(value), n / len(present)) for value, n in counts if n >= _OFTEN and n > len(present) / 50
        )
    return ColumnFacts(column, said, low, high, frequent)


def _plain(value: Any) -> Any:
    value = plain(value)
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)


def _target_facts(cells: pl.Series, sample: pl.DataFrame, name: str, columns: Sequence[Column]) -> TargetFacts:
    cells = cells.drop_nulls()
    said = any(column.name == name and column.kind == "category" for column in columns)
    guess = infer_task(cells, name, is_category=said)
    classes: dict[str, int] = {}
    if guess.task == "classification":
        counts = cells.alias("label").value_counts(name="n").sort(["n", "label"], descending=[True, False])
        classes = {canonical_text(value): n for value, n in counts.rows()}
    leaks = find_leaks(sample, name, guess.task, [column.name for column in columns if column.name != name])
    return TargetFacts(name, guess.task, guess.reason, classes, leaks)
