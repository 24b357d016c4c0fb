"""The data of a lab: examples as the network sees them, and the table they came from where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from backlit.core.initialization import Purpose, stream
from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.explanation.trace.network_with_examples import ModelFacts, NetworkWithExamples
from backlit.explanation.trace.tree import Floats
from backlit.lab.limits import MOST_EXAMPLES, check_cells
from backlit.lab.talk.replies import ColumnView, DataView

if TYPE_CHECKING:
    import polars as pl

    from backlit.data.encoding import TableEncoding
    from backlit.tables.table_target import TableTarget, Task

Source = Literal["built-in", "file", "homework", "model"]
Rows = NDArray[np.int64]

PREVIEW = 12
COLUMNS_SHOWN, INPUTS_SHOWN = 60, 24
"""Of a wider table only so many are shown: what is in view travels with every step."""
HELD_OUT = 0.2
"""Share of the rows that a training of many is validated on."""
FEW_ROWS = 40
"""With fewer rows none are held out."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples to look at and train on.

    Attributes
    ----------
    name, title : str
    source : {"built-in", "file", "homework", "model"}
    x : array, ``(n_rows, n_in)``
    y : array, ``(n_rows, n_out)``, or None
        None for a model that came without rows.
    features, outputs : tuple of str
    target : TableTarget or None
        How outputs become classes or numbers; None for homework, whose targets are just numbers.
    table : polars.DataFrame or None
        As it was read, with the target's column.
    encoder : TableEncoding or None
    cells : tuple of tuple of str
        What the first rows look like before they are encoded.
    columns : tuple of ColumnView
    raw : bytes
        The uploaded file, to be kept in a lab's file.
    ignored : tuple of str
        Columns that are no inputs.
    remarks : tuple of str
    """

    name: str
    title: str
    source: Source
    x: Floats
    y: Floats | None
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    target: TableTarget | None = None
    table: pl.DataFrame | None = None
    encoder: TableEncoding | None = None
    cells: tuple[tuple[str, ...], ...] = ()
    columns: tuple[ColumnView, ...] = ()
    raw: bytes = b""
    ignored: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    training_rows: Rows = field(init=False)
    validation_rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        check_cells(*self.x.shape)
        training, validation = _split(self)
        object.__setattr__(self, "training_rows", training)
        object.__setattr__(self, "validation_rows", validation)

    @property
    def task(self) -> Task:
        """Whether classes or numbers are predicted."""
        return "regression" if self.target is None else self.target.task

    @property
    def n_outputs(self) -> int:
        """Output neurons that the targets ask for."""
        return len(self.outputs)

    def codes(self) -> NDArray[np.intp]:
        """Return the class of each row, counted from 0."""
        if self.target is None or self.target.classes is None or self.y is None:
            raise InvalidInputError("These data have no classes. Choose data with classes to predict.")
        return self.target.codes(self.y)

    def labels(self) -> tuple[str, ...]:
        """Return the names of the classes; empty where numbers are predicted."""
        return () if self.target is None or self.target.classes is None else tuple(map(str, self.target.classes))

    def examples(self, network: Network, rows: Sequence[int], loss: str, rate: float) -> NetworkWithExamples:
        """Return a network with rows of the data, counted from 0, for `backlit.explain` and the like."""
        places = list(rows)
        scaler = None if self.target is None else self.target.scaler
        facts = ModelFacts(
            learning_rate=rate,
            output_names=self.outputs if self.target is not None else None,
            target_scale=None if scaler is None else (scaler.mean, scaler.scale),
            encodings=self._encodings(places),
        )
        y = None if self.y is None else self.y[places]
        return NetworkWithExamples(network, self.x[places], y, loss, facts=facts)

    def _encodings(self, rows: list[int]) -> Callable[[], Sequence[Sequence[Any]]] | None:
        if self.table is None or self.encoder is None:
            return None
        return lambda: [self._described(row) for row in rows]

    @cached_property
    def _described(self) -> Callable[[int], Sequence[Any]]:
        # with hundreds of columns this takes longer than all of the step, and the rows in view stay the same
        table, encoder = self.table, self.encoder
        assert table is not None and encoder is not None
        return lru_cache(MOST_EXAMPLES)(lambda row: encoder.describe_row(table, row))

    def view(self) -> DataView:
        """Return what a page shows of the data."""
        n = min(PREVIEW, len(self.x))
        shown = [i for i, each in enumerate(self.columns) if i < COLUMNS_SHOWN or each.role == "target"]
        return DataView(
            name=self.name,
            title=self.title,
            source=self.source,
            task=self.task,
            n_rows=len(self.x),
            n_training=len(self.training_rows),
            n_validation=len(self.validation_rows),
            n_columns=len(self.columns),
            columns=tuple(self.columns[i] for i in shown),
            features=self.features,
            outputs=self.outputs,
            rows=tuple(tuple(row[i] for i in shown if i < len(row)) for row in self.cells[:n]),
            encoded=self.x[:n, :INPUTS_SHOWN],
            targets=np.zeros((n, 0)) if self.y is None else self.y[:n],
            remarks=self.remarks,
        )


def _split(data: Dataset) -> tuple[Rows, Rows]:
    n = len(data.x)
    if n < FEW_ROWS or data.y is None:
        return np.arange(n, dtype=np.int64), np.zeros(0, dtype=np.int64)
    order = stream(0, Purpose.SPLIT).permutation(n).astype(np.int64)
    n_held_out = round(HELD_OUT * n)
    return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])
