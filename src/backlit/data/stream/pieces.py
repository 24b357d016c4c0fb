"""Some rows of a stream; and those of small files as one, for what a piece costs does not go by its rows alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from backlit.data.frames import Frame
from backlit.data.stream.large_groups import rows_of
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")


@dataclass(frozen=True)
class Piece:
    """Some rows of a stream.

    Attributes
    ----------
    frame : Frame
    path : Path
        The file they stand in.
    first_row : int
        Where in that file they begin, counted from 1.
    separator : str
        What divides the cells of text.
    joined : tuple of Piece
        Those of small files that this one was put together from; else none.
    numbers : ndarray, ``(n_rows, n_inputs)``, or None
        The inputs, where they are apart from the other columns.
    """

    frame: Frame
    path: Path
    first_row: int
    separator: str = ","
    joined: tuple[Piece, ...] = ()
    numbers: NDArray[Any] | None = None

    def each(self, work: Callable[[Piece], T]) -> T:
        """Do something with all rows; where that is refused, again file by file, so that the right one is named."""
        try:
            return work(self)
        except DataError:
            for piece in self.joined:
                work(piece)
            raise

    def with_table(self, table: pl.DataFrame) -> Piece:
        """Return the piece with what became of its rows, of which there are as many."""
        begin, joined = 0, []
        for piece in self.joined:
            end = begin + piece.frame.table.height
            joined.append(replace(piece, frame=replace(piece.frame, table=table[begin:end])))
            begin = end
        return replace(self, frame=replace(self.frame, table=table), joined=tuple(joined))


def joined(pieces: Iterator[Piece], piece_bytes: int) -> Iterator[Piece]:
    """Yield pieces of which one has the rows of several, as long as they take no more than about so many bytes."""
    waiting: list[Piece] = []
    n_rows = most = 0
    for piece in pieces:
        own = piece.frame.table.height
        if waiting and (n_rows + own > most or not go_together(waiting[0].frame, piece.frame)):
            whole = _as_one(waiting)
            waiting.clear()
            n_rows = 0
            yield whole
            del whole  # before more is read
        most = most or rows_of(piece.frame.table.schema, piece_bytes)  # all have the same columns
        waiting.append(piece)
        n_rows += own
        del piece
    if waiting:
        whole = _as_one(waiting)
        waiting.clear()
        yield whole


def go_together(first: Frame, last: Frame) -> bool:
    """Tell whether rows of two frames can stand in one."""
    return (first.zones, first.categories) == (last.zones, last.categories)


def _as_one(pieces: list[Piece]) -> Piece:
    import polars as pl

    first = pieces[0]
    if len(pieces) == 1:
        return first
    table = pl.concat([piece.frame.table for piece in pieces], rechunk=True)
    return replace(first, joined=tuple(pieces)).with_table(table)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield items, of which the next is made on another thread meanwhile."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
            del item
