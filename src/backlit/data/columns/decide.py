"""Decide what each column of a table is, from every cell in it and from what the other columns tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from backlit.data.columns.cells import Telling, of_dates, of_numbers, of_text, plain_numbers, tell, with_misfits
from backlit.data.columns.choices import NOTHING_GIVEN, ColumnChoices, undecided_date, undecided_number
from backlit.data.columns.column import Column, of_type
from backlit.data.columns.counted import Counted, of_each
from backlit.data.columns.dates import find_dates
from backlit.data.columns.gaps import blank_missing, is_usual_word
from backlit.data.columns.glance import Glance, glance
from backlit.data.columns.left_out_rows import confirmed, suspected, without_lines
from backlit.data.columns.numbers import find_numbers
from backlit.data.columns.schema import TableSchema
from backlit.data.columns.tally import NAMELESS, PANDAS, Tally, may_count_rows
from backlit.data.columns.written import DateForm, FlagForm, NumberForm
from backlit.errors import DataError, InvalidInputError

if TYPE_CHECKING:
    import polars as pl

PLACES = 50


def decide(
    table: pl.DataFrame,
    choices: ColumnChoices = NOTHING_GIVEN,
    *,
    target: str | None = None,
    places: int = PLACES,
    keep_rows: bool = False,
    others: Sequence[str] = (),
    first: str | None = None,
) -> TableSchema:
    """Decide what each column is.

    Parameters
    ----------
    table : polars.DataFrame
        Columns of text are decided by their cells, others by their types.
    choices : ColumnChoices
        What the user gave.
    target : str, optional
        The column to predict, which is never left out.
    places : int, default=50
        Categories that get a place of their own.
    keep_rows : bool, default=False
        Whether all lines are rows, as in a frame that somebody made.
    others : sequence of str, default=()
        Columns that stand beside those of `table`.
    first : str, optional
        The first of all columns. Default: the first of `table`.

    Returns
    -------
    TableSchema

    Raises
    ------
    DataError
        Where a column can be read in two ways and nothing in the table tells which: 01/02/2020. The message has the
        option that decides it.
    """
    return decide_by_counts(table, choices, target, places, keep_rows, others, first)[0]


def decide_by_counts(
    table: pl.DataFrame,
    choices: ColumnChoices,
    target: str | None,
    places: int = PLACES,
    keep_rows: bool = False,
    others: Sequence[str] = (),
    first: str | None = None,
) -> tuple[TableSchema, dict[str, Counted]]:
    """Decide what each column is; return beside it the columns of text that were counted for it."""
    check_choices(choices, [*table.columns, *others], target)
    missing = words_for_gaps(choices)
    matches: dict[str, int] = {}
    if missing or not choices.source.blanked:
        table, matches = blank_missing(table, missing)
    how = _Deciding(choices, target, places, first or next(iter(table.columns), ""))
    lines = () if keep_rows else suspected(table)
    columns = how.columns_of(without_lines(table, lines))
    left_out = confirmed(lines, table, columns)
    if len(left_out) < len(lines):
        columns = how.columns_of(without_lines(table, left_out))
    return TableSchema(columns, left_out, tuple(missing), _remarks(matches)), how.counted


def decide_by_tallies(
    tallies: Sequence[Tally],
    choices: ColumnChoices,
    target: str | None,
    matches: Mapping[str, int],
    places: int = PLACES,
) -> TableSchema:
    """Decide what each column of a stream is; all its lines are rows.

    Parameters
    ----------
    tallies : sequence of Tally
        Of all columns, in their order.
    choices, target, places
        See `decide`; choices were checked.
    matches : mapping of str to int
        How many cells each word that was given as missing matched.
    """
    import polars as pl

    texts = [tally.cells.to_frame() for tally in tallies if tally.cells.dtype == pl.String]
    looks = {text.columns[0]: glance(text)[text.columns[0]] for text in texts}
    columns = _Deciding(choices, target, places, tallies[0].name).columns(tallies, looks)
    return TableSchema(columns, (), tuple(words_for_gaps(choices)), _remarks(matches))


def check_choices(choices: ColumnChoices, names: Sequence[str], target: str | None) -> None:
    """Raise where choices do not fit the columns of a table, or the target."""
    choices.check(names)
    if target is not None and (choices.of(target) or ("", ""))[0] in ("left out", "text"):
        raise InvalidInputError(
            f"The column {target!r} is to be predicted, and cannot be left out. Give another target."
        )


def words_for_gaps(choices: ColumnChoices) -> tuple[str, ...]:
    """Return the cells that mean a missing value, by what was given."""
    return choices.missing or (choices.schema.missing if choices.schema else ())


def _remarks(matches: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(f"No cell is {word!r}, which was given as missing." for word, count in matches.items() if not count)


@dataclass(frozen=True)
class _Deciding:
    choices: ColumnChoices
    target: str | None
    places: int
    first: str
    counted: dict[str, Counted] = field(default_factory=dict)

    def columns_of(self, table: pl.DataFrame) -> tuple[Column, ...]:
        """Decide all columns of a table."""
        import polars as pl

        looks = glance(table.select(pl.col(pl.String)))
        return self.columns(Tally.of(table, self.choices.source.counted), looks)

    def columns(self, given: Sequence[Tally], looks: Mapping[str, Glance]) -> tuple[Column, ...]:
        """Decide all columns: first what each tells by itself, then what is open by what the others told."""
        if given:
            # before each is asked, for what is asked of different cells is too little to share among threads
            texts = [tally for tally in given if tally.name in looks and not looks[tally.name].is_plain]
            of_each(texts, lambda tally: tally.counted, given[0].rows)
        told = [self._tell(tally, looks.get(tally.name)) for tally in given]
        self.counted.clear()
        self.counted.update({tally.name: t.counted for tally, t in zip(given, told, strict=True) if t.counted})
        decimals = {telling.decimal for telling in told if telling.decimal}
        plain = self.choices.source.plain
        if any(tally.cells.dtype.is_float() for tally in given if tally.name in plain):
            decimals.add(".")
        decimal = self.choices.decimal or _only(decimals)
        if decimal is None and self.choices.source.separator == ";" and not decimals:
            decimal = ","
        first: Any = _only(telling.date.decided for telling in told if telling.date is not None)
        columns = [
            self._settle(tally.name, telling, decimal, first) for tally, telling in zip(given, told, strict=True)
        ]
        return tuple(
            column if column.name == self.target else self._left_out(column, tally)
            for column, tally in zip(columns, given, strict=True)
        )

    def _tell(self, tally: Tally, look: Glance | None) -> Telling:
        import polars as pl

        name, schema = tally.name, self.choices.schema
        given = self.choices.of(name)
        if given is not None:
            return Telling(self._given(tally, *given))
        if schema is not None and name in schema.by_name:
            column = schema.by_name[name]
            if column.written is None and column.kind in ("number", "date", "flag") and tally.cells.dtype == pl.String:
                return Telling(self._given(tally, column.kind, ""))
            return Telling(_again(tally, column))
        if name in self.choices.source.categories:
            return Telling(of_type(tally, is_category=True))
        if look is None:  # it is no text
            return plain_numbers(tally) if name in self.choices.source.plain else Telling(of_type(tally))
        return tell(tally, look, places=self.places, is_target=name == self.target, decimal=self.choices.decimal)

    def _given(self, tally: Tally, kind: str, form: str) -> Column:
        import polars as pl

        name = tally.name
        why = "as was given"
        if kind in ("left out", "text"):
            return Column(name, "left out" if kind == "left out" else "text", why, None, tally.rows, tally.gaps)
        if kind == "category" or (tally.cells.dtype != pl.String and kind != "date"):
            column = of_text(tally.as_text().counted, self.places, is_target=True, why=why)
            return replace(column, kind=kind, values=column.values if kind == "category" else None)  # type: ignore[arg-type]
        text = tally.as_text().counted
        match kind:
            case "flag":
                column = with_misfits(text, "flag", FlagForm(), why)
            case "date":
                dates = find_dates(text) if not form else None
                if dates is not None and dates.form is None:
                    raise undecided_date(name, dates.example)
                written = DateForm((form,)) if form else dates.form if dates is not None and dates.form else DateForm()
                column = of_dates(text, written, why)
            case _:
                decimal = form or self.choices.decimal
                found = find_numbers(text, decimal=decimal)
                if found is not None and len(found.forms) > 1 and decimal is None:
                    raise undecided_number(name, found.examples[0])
                column = of_numbers(text, found.forms[0] if found is not None else NumberForm(), why)
        if column.n_misfits and column.n_misfits + column.gaps == tally.rows:
            raise DataError(
                f"Column {name!r} was given as {kind + ':' * bool(form) + form}, but no cell of it is one, not even "
                f"{column.misfits[0][0]!r}. Correct what was given, or leave it out."
            )
        return column

    def _settle(self, name: str, telling: Telling, decimal: str | None, first: Any) -> Column:
        counted = telling.counted
        if counted is None:
            assert telling.column is not None
            return telling.column
        if telling.number is not None and len(telling.number.forms) > 1:
            forms = telling.number.forms
            chosen = [form for form in forms if form.decimal == decimal]
            if chosen and (telling.column is None or chosen[0] != telling.column.written):
                return of_numbers(
                    counted, chosen[0], "as the table's other numbers" if not self.choices.decimal else ""
                )
            if telling.column is None and forms[0].decimal == ".":
                return of_numbers(counted, forms[0])
            if telling.column is None:
                raise undecided_number(name, telling.number.examples[0])
        if telling.column is None:
            assert telling.date is not None
            found = find_dates(_without_words(counted), first=first) if first else None
            if found is None or found.form is None:
                raise undecided_date(name, telling.date.example)
            return of_dates(counted, found.form, found.why)
        return telling.column

    def _left_out(self, column: Column, tally: Tally) -> Column:
        """Leave out numbers that only count the rows."""
        if not may_count_rows(column.name, self.first, self.choices.source.index):
            return column
        nameless = column.name == self.first and NAMELESS.match(column.name)
        index = column.name in self.choices.source.index
        pandas = PANDAS.match(column.name)
        if self.choices.of(column.name) is not None or column.name in getattr(self.choices.schema, "by_name", {}):
            return column
        if pandas:
            return replace(column, kind="left out", why="the index of a pandas frame")
        if column.kind != "number" or tally.rows < 2:
            return column
        if column.gaps or column.misfits or not tally.counts_the_rows():
            return column
        if nameless or index:
            return replace(column, kind="left out", why="an index: it counts the rows")
        return replace(column, kind="identifier", why="named as one, with a new number in each row")


def _without_words(counted: Counted) -> Counted:
    return counted.only(~is_usual_word(counted.cells))


def _again(tally: Tally, column: Column) -> Column:
    # A column of a schema that was given, with the counts of this table.
    import polars as pl

    if tally.cells.dtype != pl.String or not column.is_used or column.written is None:
        return replace(column, rows=tally.rows, gaps=tally.gaps, misfits=())
    return with_misfits(tally.counted, column.kind, column.written, column.why)


def _only(found: Iterable[Any]) -> Any:
    different = {each for each in found if each is not None}
    return different.pop() if len(different) == 1 else None
