"""Pieces of a table → records of a cache: encoded, set aside for validation by a hash, and y kept beside them."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.classes import class_codes
from backlit.data.stream.cache import PARTS, CacheWriter
from backlit.data.stream.memory import Budget
from backlit.data.stream.packing import Packing
from backlit.data.stream.pieces import Piece
from backlit.data.stream.random_bits import is_held_out
from backlit.data.stream.spill import Spill
from backlit.data.stream.windows import taken
from backlit.data.target import TargetScaler
from backlit.errors import DataError
from backlit.tables.options import TableTraining
from backlit.tables.rows import weights_of
from backlit.tables.table_target import TableTarget, as_numbers

if TYPE_CHECKING:
    import polars as pl


class RowsWriter:
    """Writes the rows of tables that have a target.

    Parameters
    ----------
    writer : CacheWriter
    packing : Packing
    target : TableTarget
        Of a regression its scale is found from all values, once they have come.
    training : TableTraining
    budget : Budget
    """

    def __init__(
        self,
        writer: CacheWriter,
        packing: Packing,
        target: TableTarget,
        training: TableTraining,
        budget: Budget,
    ) -> None:
        self._writer, self._packing = writer, packing
        self.target, self._training = target, training
        of_row = packing.records.dtype.itemsize + np.dtype(training.dtype).itemsize * len(packing.narrow.names)
        self._step = max(256, budget.part // of_row)
        self._y = {part: writer.spill() for part in PARTS}
        self._weight = {part: writer.spill() for part in PARTS}
        self._n_rows = 0

    def add(self, piece: Piece, *, fraction: float) -> None:
        """Write the rows of a piece.

        Parameters
        ----------
        piece : Piece
            Its table read by the schema.
        fraction : float
            Share of the rows to validate on.
        """
        import polars as pl

        table, where, first_row = piece.frame.table, f"{piece.path}, row", piece.first_row
        name = self.target.name
        drop = [name, *([self._training.weight] if self._training.weight in table.columns else [])]
        x: Any = table.select(pl.exclude(drop)) if piece.numbers is None else piece.numbers
        numbers = np.arange(self._n_rows, self._n_rows + table.height, dtype=np.uint64)
        self._n_rows += table.height
        held_out = is_held_out(numbers, self._training.seed, fraction)
        known = table[name].is_not_null()
        if table[name].dtype.is_float():
            known &= ~table[name].is_nan()
        rows = np.arange(first_row, first_row + table.height)
        if not known.all():
            kept = known.to_numpy()
            table, held_out, rows = table.filter(known), held_out[kept], rows[kept]
            x = x.filter(known) if piece.numbers is None else x.T[:, kept].T
        for start in range(0, table.height, self._step):
            few, held = table[start : start + self._step], held_out[start : start + self._step]
            y = self._encode(few[name], where, rows[start:])
            weight = None if self._training.weight is None else self._weights(few, where, first_row + start)
            packed = self._packing.pack(x[start : start + self._step])
            for part, these in (("training", ~held), ("validation", held)):
                own = np.flatnonzero(these)
                if len(own):
                    self._writer.write(part, packed if len(own) == len(packed) else taken(packed, own))
                    self._writer.keep(self._y[part], y.take(own))
                    if weight is not None:
                        self._writer.keep(self._weight[part], weight.take(own))

    def _encode(self, cells: pl.Series, where: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        if self.target.classes is None:
            return as_numbers(cells, self.target.name)
        different = cells.unique()
        codes = class_codes(different, list(self.target.classes), unseen="mark")
        if (codes < 0).any():  # of other files to validate on
            strange = different[int(np.argmin(codes))]
            row = rows[int(cells.index_of(strange) or 0)]
            raise DataError(
                f"{where} {row}: the {self.target.name} {strange!r} is none of the {len(self.target.classes)} classes "
                "that are trained on. Correct the label or drop such rows."
            )
        dtype = np.uint8 if len(self.target.classes) <= 256 else np.int32
        return cells.replace_strict(different, codes.tolist()).to_numpy().astype(dtype)

    def _weights(self, table: pl.DataFrame, where: str, first_row: int) -> NDArray[Any]:
        assert self._training.weight is not None
        return weights_of(table[self._training.weight], where, first_row).astype(self._training.dtype)

    def arrays(self, *, learn_from: tuple[str, ...] = PARTS) -> dict[str, NDArray[Any]]:
        """Return what belongs to each row, by part and name; and learn the scale of a regression from some parts."""
        if self.target.classes is None:
            self._learn_scale([self._y[part] for part in learn_from])
            y = {part: self._y[part].filled(self._training.dtype, self._scaled) for part in PARTS}
        else:
            y = {part: self._y[part].all() for part in PARTS}
        arrays = {f"{part}.y": values for part, values in y.items()}
        if self._training.weight is not None:
            arrays |= {f"{part}.weight": self._weight[part].all() for part in PARTS}
        return arrays

    def _learn_scale(self, y: list[Spill]) -> None:
        name, loss = self.target.name, self._training.loss or "quadratic"
        ends = [end for spill in y for piece in spill.pieces() for end in (piece.min(), piece.max())]
        learned = TableTarget.learn(np.array(ends), name, "regression", loss, clip=self._training.clip)
        if learned.scaler is not None:
            scaler = TargetScaler.fit_pieces(lambda: chain(*(each.pieces() for each in y)), sum(spill.n for spill in y))
            learned = replace(learned, scaler=scaler)
        self.target = replace(learned, column=self.target.column)

    def _scaled(self, values: NDArray[np.float64]) -> NDArray[np.floating]:
        return self.target.encode(values)[:, 0]
