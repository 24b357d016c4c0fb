"""The first look at a stream: what each column is, and what the encoder learns of it, from one reading of all files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.columns.choices import ColumnChoices
from backlit.data.columns.decide import check_choices, decide_by_tallies, words_for_gaps
from backlit.data.columns.gaps import blank_words, is_usual_word, strip_cells
from backlit.data.columns.schema import TableSchema
from backlit.data.frames import Frame
from backlit.data.statistics import Statistics
from backlit.data.stream.all_tallies import AllTallies
from backlit.data.stream.kept import KeptNumbers
from backlit.data.stream.pieces import Piece, ahead, go_together
from backlit.data.stream.table_stream import TableStream
from backlit.data.stream.tallies import ColumnTally
from backlit.data.target import check_target_name
from backlit.errors import DataError

_MANY = 1 << 13
"""Rows."""


@dataclass(frozen=True, eq=False)
class FirstPass:
    """What was seen of a stream.

    Attributes
    ----------
    stream : TableStream
    types : dict of str to polars type
        Of the columns, as files hold them.
    schema : TableSchema
        What each column is.
    n_rows : int
    tallies : dict of str to ColumnTally
        Of all rows.
    learned : dict of str to ColumnTally
        Of the rows that have a target.
    missing : tuple of str
        Words that are gaps.
    is_blanked : bool
        Whether there was no text with blanks around it, and none that was empty.
    kept : KeptNumbers or None
        All rows, where they need not be read again.
    """

    stream: TableStream
    types: dict[str, Any]
    schema: TableSchema
    n_rows: int
    tallies: dict[str, ColumnTally]
    learned: dict[str, ColumnTally]
    missing: tuple[str, ...]
    is_blanked: bool
    kept: KeptNumbers | None = None

    def statistics(self, names: Sequence[str]) -> Iterator[Statistics]:
        """Yield what the encoder learns of each of these columns that is used."""
        columns = (self.schema.by_name[name] for name in names)
        return (self.learned[column.name].statistics(column, self.schema) for column in columns if column.is_used)

    def remarks(self) -> list[str]:
        """Say what is not exact."""
        said = []
        error = max(tally.error for tally in self.tallies.values())
        if error:
            said.append(f"Quantiles of numbers are known to {error:.2%} of the rows.")
        sampled = [name for name, tally in self.tallies.items() if not tally.counts_all]
        if sampled:
            listed = ", ".join(sampled[:5]) + (" …" if len(sampled) > 5 else "")
            said.append(f"Of columns with very many different cells a sample was counted: {listed}.")
        return said


def first_pass(
    stream: TableStream,
    choices: ColumnChoices,
    target: str,
    memory: int,
    *,
    weight: str | None = None,
    say: Callable[[int], object] = lambda _: None,
) -> FirstPass:
    """Read a stream once.

    Parameters
    ----------
    stream : TableStream
    choices : ColumnChoices
        What is known of the columns.
    target : str
    memory : int
        Bytes, of which the sketches of all columns take a small part.
    weight : str, optional
        The column of weights, which is a number.
    say : callable
        Called with the rows done.

    Raises
    ------
    DataError
        If a file cannot be read, or a column can be read in two ways.
    """
    choices = replace(choices, source=stream.as_source())
    missing = words_for_gaps(choices)
    seen: _Seen | None = None
    matches: Counter[str] = Counter()
    n_rows = 0
    kept = None if missing else KeptNumbers.of(stream.types(), (target, weight), stream.folder)
    pieces = stream.joined_pieces()
    for piece in ahead(pieces if kept is None else kept.keeping(pieces)):
        table = piece.frame.table
        if seen is None:
            check_target_name(table.columns, target)
            if weight is not None:
                check_target_name(table.columns, weight)
            choices = choices.with_categories(piece.frame.categories)
            check_choices(choices, table.columns, target)
            seen = _Seen(dict(table.schema), choices, target, memory)
        if missing:
            table, found = blank_words(table, missing)
            matches.update(found)
            for word in found:
                matches.setdefault(word, 0)
        piece.with_table(table).each(seen.add)
        n_rows += table.height
        say(n_rows)
        del piece, table  # before more is read
    if seen is None or n_rows == 0:
        raise DataError(f"{stream.files[0]} has no rows, nor has any other file. At least one is needed.")
    of_all = seen.of_all()
    schema = decide_by_tallies([tally.tally() for tally in of_all.values()], choices, target, matches)
    types = {name: tally.dtype for name, tally in of_all.items()}
    learned = seen.with_target(as_category=schema.by_name[target].kind == "category")
    is_blanked = all(tally.was_blanked for tally in of_all.values())
    if kept is not None and not (kept.is_whole and _are_numbers(schema, kept.names)):
        kept.close()
        kept = None
    return FirstPass(stream, types, schema, n_rows, of_all, learned, missing, is_blanked, kept)


def _are_numbers(schema: TableSchema, names: Sequence[str]) -> bool:
    """Tell whether columns are what their type says: whole numbers may be dates."""
    columns = [schema.by_name[name] for name in names]
    return all(column.kind in ("number", "constant", "empty") or not column.is_used for column in columns)


@dataclass(frozen=True)
class _Some:
    """Some rows of a piece, and where they stand in its file."""

    frame: Frame
    path: Path
    rows: Sequence[int] | NDArray[np.int64]

    def where(self, i: int) -> str:
        return f"row {self.rows[i]} of {self.path}"


class _Seen:
    """Tallies of the rows that have a target, which the encoder learns from, and of those that have none."""

    def __init__(self, types: dict[str, Any], choices: ColumnChoices, target: str, memory: int) -> None:
        self._new = partial(AllTallies, types, choices, target, memory)
        self._target = target
        self._with, self._without = self._new(), self._new()
        self._has_words = False
        self._all: AllTallies | None = None
        self._waiting: list[_Some] = []

    def add(self, piece: Piece) -> None:
        """Take in a piece."""
        import polars as pl

        frame = piece.frame
        cells = strip_cells(frame.table.select(self._target))[0][self._target]
        missing = cells.is_null()
        if cells.dtype.is_float():
            missing |= cells.is_nan().fill_null(value=False)
        if cells.dtype == pl.String:
            words = is_usual_word(cells).fill_null(value=False)
            self._has_words = self._has_words or bool(words.any())
            missing |= words
        if not missing.any():
            self._with.add(frame, _Some(frame, piece.path, range(piece.first_row, piece.first_row + len(cells))).where)
            return
        for these in (~missing, missing):
            own = piece.first_row + np.flatnonzero(these.to_numpy())
            some = _Some(replace(frame, table=frame.table.filter(these)), piece.path, own)
            if these is missing:
                self._wait(some)
            elif len(own):
                self._with.add(some.frame, some.where)

    def _wait(self, some: _Some) -> None:
        """Keep a few rows until they are many, for a column takes polars as long for one row as for thousands."""
        if self._waiting and not go_together(self._waiting[0].frame, some.frame):
            self._take_waiting()
        self._waiting.append(some)
        if sum(len(each.rows) for each in self._waiting) >= _MANY:
            self._take_waiting()

    def _take_waiting(self) -> None:
        import polars as pl

        if not self._waiting:
            return
        parts = self._waiting
        frame = replace(parts[0].frame, table=pl.concat([part.frame.table for part in parts]))
        begins = np.cumsum([0, *(len(part.rows) for part in parts)])

        def where(i: int) -> str:
            k = int(np.searchsorted(begins, i, side="right")) - 1
            return parts[k].where(i - int(begins[k]))

        self._without.add(frame, where)
        self._waiting = []

    def of_all(self) -> dict[str, ColumnTally]:
        """Return the tallies of all rows."""
        self._take_waiting()
        if self._all is None:
            self._all = self._with
            if self._without.n_rows:
                self._all = self._new()
                self._all.take_in(self._with)
                self._all.take_in(self._without)
        return self._all.all()

    def with_target(self, *, as_category: bool) -> dict[str, ColumnTally]:
        """Return the tallies of the rows that have a target; a usual word for a gap may be a category."""
        return self.of_all() if as_category and self._has_words else self._with.all()


def read_pieces(first: FirstPass, *, strict: bool = False) -> Iterator[Piece]:
    """Yield the pieces of a stream that was seen before, each with its table read by the schema.

    Parameters
    ----------
    first : FirstPass
    strict : bool, default False
        Whether a cell that is not what its column holds is an error: in other files than those that were seen.
    """
    is_blanked = first.is_blanked and not first.missing and not strict

    def read(piece: Piece) -> Piece:
        table = piece.frame.table
        try:
            read = first.schema.read(table, first_row=piece.first_row, strict=strict, is_blanked=is_blanked)
            return piece.with_table(read)
        except DataError as error:
            raise DataError(f"{piece.path}: {error}") from None

    pieces = first.stream.joined_pieces(first.types) if first.kept is None else first.kept.pieces()
    for piece in ahead(pieces):
        yield piece.each(read)
        del piece
