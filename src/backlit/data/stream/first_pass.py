"""The first look at a stream: what each column is, and what the encoder learns of it, from one reading of all files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backlit.data.columns.choices import ColumnChoices
from backlit.data.columns.decide import check_choices, decide_by_tallies, words_for_gaps
from backlit.data.columns.gaps import blank_missing
from backlit.data.columns.schema import TableSchema
from backlit.data.columns.tally import may_count_rows
from backlit.data.statistics import Statistics
from backlit.data.stream.table_stream import Piece, TableStream
from backlit.data.stream.tallies import ColumnTally
from backlit.data.target import check_target_name
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_LEVELS = 16
_LEAST, _MOST = 256, 8192


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
    missing : tuple of str
        Words that are gaps.
    """

    stream: TableStream
    types: dict[str, Any]
    schema: TableSchema
    n_rows: int
    tallies: dict[str, ColumnTally]
    missing: tuple[str, ...]

    def statistics(self, names: Sequence[str]) -> Iterator[Statistics]:
        """Yield what the encoder learns of each of these columns that is used."""
        columns = (self.schema.by_name[name] for name in names)
        return (self.tallies[column.name].statistics(column, self.schema) for column in columns if column.is_used)

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
    tallies: dict[str, ColumnTally] = {}
    matches: Counter[str] = Counter()
    n_rows = 0
    for piece in stream.pieces():
        table = piece.frame.table
        if not tallies:
            check_target_name(table.columns, target)
            if weight is not None:
                check_target_name(table.columns, weight)
            choices = choices.with_categories(piece.frame.categories)
            check_choices(choices, table.columns, target)
            tallies = _new_tallies(table, choices, target, memory)
        if missing or not choices.source.blanked:
            table, found = blank_missing(table, missing)
            matches.update(found)
            for word in found:
                matches.setdefault(word, 0)
        frame = replace(piece.frame, table=table)
        for tally in tallies.values():
            tally.add(frame, piece.first_row)
        n_rows += table.height
        say(n_rows)
    if n_rows == 0:
        raise DataError(f"{stream.files[0]} has no rows, nor has any other file. At least one is needed.")
    schema = decide_by_tallies([tally.tally() for tally in tallies.values()], choices, target, matches)
    types = {name: tally.dtype for name, tally in tallies.items()}
    return FirstPass(stream, types, schema, n_rows, tallies, missing)


def _new_tallies(table: pl.DataFrame, choices: ColumnChoices, target: str, memory: int) -> dict[str, ColumnTally]:
    room = memory // 16 // (8 * _LEVELS * max(1, table.width))
    capacity = min(_MOST, max(_LEAST, 1 << max(0, room.bit_length() - 1)))
    tallies = {}
    for name, dtype in table.schema.items():
        known = choices.schema is not None and name in choices.schema.by_name
        counts = name == target or known or choices.of(name) is not None or name in choices.source.categories
        counts = counts or may_count_rows(name, table.columns[0], choices.source.index)
        tallies[name] = ColumnTally(name, dtype, capacity, counts=counts)
    return tallies


def read_pieces(first: FirstPass) -> Iterator[tuple[Piece, pl.DataFrame]]:
    """Yield the pieces of a stream that was seen before, each with its table read by the schema."""
    for piece in first.stream.pieces(first.types):
        table = blank_missing(piece.frame.table, first.missing)[0] if first.missing else piece.frame.table
        yield piece, first.schema.read(table, first_row=piece.first_row, strict=False)
