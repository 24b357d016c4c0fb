"""The first look at a stream: what each column is, and what the encoder learns of it, from one reading of all files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data.columns.choices import ColumnChoices
from backlit.data.columns.decide import check_choices, decide_by_tallies, words_for_gaps
from backlit.data.columns.gaps import blank_missing, is_usual_word
from backlit.data.columns.schema import TableSchema
from backlit.data.statistics import Statistics
from backlit.data.stream.all_tallies import AllTallies
from backlit.data.stream.pieces import Piece
from backlit.data.stream.table_stream import TableStream
from backlit.data.stream.tallies import ColumnTally
from backlit.data.target import check_target_name
from backlit.errors import DataError

if TYPE_CHECKING:
    pass


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
    """

    stream: TableStream
    types: dict[str, Any]
    schema: TableSchema
    n_rows: int
    tallies: dict[str, ColumnTally]
    learned: dict[str, ColumnTally]
    missing: tuple[str, ...]

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
    for piece in stream.joined_pieces():
        table = piece.frame.table
        if seen is None:
            check_target_name(table.columns, target)
            if weight is not None:
                check_target_name(table.columns, weight)
            choices = choices.with_categories(piece.frame.categories)
            check_choices(choices, table.columns, target)
            seen = _Seen(dict(table.schema), choices, target, memory)
        if missing or not choices.source.blanked:
            table, found = blank_missing(table, missing)
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
    return FirstPass(stream, types, schema, n_rows, of_all, learned, missing)


class _Seen:
    """Tallies of the rows that have a target, which the encoder learns from, and of those that have none."""

    def __init__(self, types: dict[str, Any], choices: ColumnChoices, target: str, memory: int) -> None:
        self._new = partial(AllTallies, types, choices, target, memory)
        self._target = target
        self._with, self._without = self._new(), self._new()
        self._has_words = False
        self._all: AllTallies | None = None

    def add(self, piece: Piece) -> None:
        """Take in a piece."""
        import polars as pl

        frame = piece.frame
        cells = frame.table[self._target]
        missing = cells.is_null()
        if cells.dtype.is_float():
            missing |= cells.is_nan().fill_null(value=False)
        if cells.dtype == pl.String:
            words = is_usual_word(cells).fill_null(value=False)
            self._has_words = self._has_words or bool(words.any())
            missing |= words
        if not missing.any():
            rows = range(piece.first_row, piece.first_row + len(cells))
            self._with.add(frame, partial(_called, piece.path, rows))
            return
        for tallies, these in ((self._with, ~missing), (self._without, missing)):
            own = (np.flatnonzero(these.to_numpy()) + piece.first_row).tolist()
            tallies.add(replace(frame, table=frame.table.filter(these)), partial(_called, piece.path, own))

    def of_all(self) -> dict[str, ColumnTally]:
        """Return the tallies of all rows."""
        if self._all is None:
            self._all = self._with
            if self._without.n_rows:
                self._all = self._new()
                self._all.take_in(self._with)
                self._all.take_in(self._without)
        return self._all.of

    def with_target(self, *, as_category: bool) -> dict[str, ColumnTally]:
        """Return the tallies of the rows that have a target; a usual word for a gap may be a category."""
        return self.of_all() if as_category and self._has_words else self._with.of


def _called(path: Path, rows: Sequence[int], i: int) -> str:
    return f"row {rows[i]} of {path}"


def read_pieces(first: FirstPass, *, strict: bool = False) -> Iterator[Piece]:
    """Yield the pieces of a stream that was seen before, each with its table read by the schema.

    Parameters
    ----------
    first : FirstPass
    strict : bool, default False
        Whether a cell that is not what its column holds is an error: in other files than those that were seen.
    """

    def read(piece: Piece) -> Piece:
        table = blank_missing(piece.frame.table, first.missing)[0] if first.missing else piece.frame.table
        try:
            return piece.with_table(first.schema.read(table, first_row=piece.first_row, strict=strict))
        except DataError as error:
            raise DataError(f"{piece.path}: {error}") from None

    for piece in first.stream.joined_pieces(first.types):
        yield piece.each(read)
        del piece
