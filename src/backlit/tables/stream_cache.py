"""Pieces of a table → records of a cache: encoded, set aside for validation by a hash, and y kept beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.classes import class_codes
from backlit.data.encoding import TableEncoding
from backlit.data.stream.cache import PARTS, CacheWriter
from backlit.data.stream.memory import Budget
from backlit.data.stream.records import Records
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
    records : Records
    encoder : TableEncoding
    target : TableTarget
        Of a regression its scale is found from all values, once they have come.
    training : TableTraining
    budget : Budget
    """

    def __init__(
        self,
        writer: CacheWriter,
        records: Records,
        encoder: TableEncoding,
        target: TableTarget,
        training: TableTraining,
        budget: Budget,
    ) -> None:
        self._writer, self._records, self._encoder = writer, records, encoder
        self.target, self._training = target, training
        self._step = max(256, budget.part // (np.dtype(training.dtype).itemsize * records.n_features))
        self._y: dict[str, list[NDArray[Any]]] = {part: [] for part in PARTS}
        self._weight: dict[str, list[NDArray[Any]]] = {part: [] for part in PARTS}
        self._n_rows = 0

    def add(self, table: pl.DataFrame, where: str, first_row: int, fraction: float) -> None:
        """Write the rows of a table.

        Parameters
        ----------
        table : polars.DataFrame
            Read by the schema.
        where : str
            What messages put before the number of a row.
        first_row : int
            The number of its first.
        fraction : float
            Share of the rows to validate on.
        """
        import polars as pl

        numbers = np.arange(self._n_rows, self._n_rows + table.height, dtype=np.uint64)
        self._n_rows += table.height
        held_out = is_held_out(numbers, self._training.seed, fraction)
        name = self.target.name
        known = table[name].is_not_null()
        if table[name].dtype.is_float():
            known &= ~table[name].is_nan()
        if not known.all():
            table, held_out = table.filter(known), held_out[known.to_numpy()]
        for start in range(0, table.height, self._step):
            few, held = table[start : start + self._step], held_out[start : start + self._step]
            y = self._encode(few[name])
            weight = None if self._training.weight is None else self._weights(few, where, first_row + start)
            drop = [name, *([self._training.weight] if self._training.weight in few.columns else [])]
            packed = self._records.pack(self._encoder.transform(few.select(pl.exclude(drop))))
            for part, these in (("training", ~held), ("validation", held)):
                if these.any():
                    self._writer.write(part, packed[these])
                    self._y[part].append(y[these])
                    if weight is not None:
                        self._weight[part].append(weight[these])

    def _encode(self, cells: pl.Series) -> NDArray[Any]:
        if self.target.classes is None:
            return as_numbers(cells, self.target.name)
        different = cells.unique()
        codes = class_codes(different, list(self.target.classes))
        dtype = np.uint8 if len(self.target.classes) <= 256 else np.int32
        return cells.replace_strict(different, codes.tolist()).to_numpy().astype(dtype)

    def _weights(self, table: pl.DataFrame, where: str, first_row: int) -> NDArray[Any]:
        assert self._training.weight is not None
        return weights_of(table[self._training.weight], where, first_row).astype(self._training.dtype)

    def arrays(self, *, learn_from: tuple[str, ...] = PARTS) -> dict[str, NDArray[Any]]:
        """Return what belongs to each row, by part and name; and learn the scale of a regression from some parts."""
        y = {part: np.concatenate(self._y[part]) if self._y[part] else np.empty(0) for part in PARTS}
        if self.target.classes is None:
            loss = self._training.loss or "quadratic"
            values = np.concatenate([y[part] for part in learn_from])
            learned = TableTarget.learn(values, self.target.name, "regression", loss, clip=self._training.clip)
            self.target = replace(learned, column=self.target.column)
            y = {part: self.target.encode(y[part])[:, 0].astype(self._training.dtype) for part in PARTS}
        arrays = {f"{part}.y": values for part, values in y.items()}
        if self._training.weight is not None:
            for part in PARTS:
                weight = self._weight[part]
                arrays[f"{part}.weight"] = np.concatenate(weight) if weight else np.empty(0, self._training.dtype)
        return arrays


def is_held_out(numbers: NDArray[np.uint64], seed: int, fraction: float) -> NDArray[np.bool_]:
    """Tell which rows are set aside, by a hash of their number and the seed: so many of all, wherever files are cut.

    Parameters
    ----------
    numbers : ndarray of uint64, ``(n_rows,)``
        Of rows, counted through all files.
    seed : int
    fraction : float
    """
    if fraction in (0.0, 1.0):
        return np.full(len(numbers), bool(fraction))
    # SplitMix64 (Steele, Lea and Flood 2014)
    z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53 < fraction
