"""A whole model for tables: encoder, network, and the classes or the scale of the target.

It is what the command line trains, saves, evaluates and explains. Encoder and target go into the model file, so that a
model can be asked with the columns of a file as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.data.columns.schema import TableSchema
from backlit.data.encoding import TableEncoding
from backlit.data.frames import in_polars
from backlit.engine import Objective, Session, get_engine
from backlit.engine.opening import open_session
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.explanation import Explanation, explain
from backlit.explanation.trace.network_with_examples import NetworkWithExamples
from backlit.export.exportable import Exportable
from backlit.export.onnx import to_onnx
from backlit.tables.calibration import remark_on
from backlit.tables.evaluation import Comparison
from backlit.tables.examined import as_fed, examined
from backlit.tables.options import TableTraining, recorded_metric
from backlit.tables.results import Evaluation, Predictions
from backlit.tables.rows import check_row, known_targets, labeled
from backlit.tables.storage import read_parts, write_parts
from backlit.tables.table_target import TableTarget, Task, schema_of
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.plots import plot_confusion, plot_weights
from backlit.training.recording import Recorder


@dataclass(frozen=True, eq=False)
class TableModel:
    """A trained network with the encoder before it and the target behind it.

    Attributes
    ----------
    network : Network
        The only one, or the first member; an `EmbeddedNetwork` where it was trained with an embedding.
    loss : str
    target : TableTarget
    encoder : TableEncoding
    training : dict
        How it was trained and read, as plain JSON.
    others : tuple of Network
        The other members, where there are several: predictions are those of all (`whole`).
    """

    network: Network
    loss: str
    target: TableTarget
    encoder: TableEncoding
    training: dict[str, Any] = field(default_factory=dict)
    others: tuple[Network, ...] = ()

    to_onnx = to_onnx  # functions of a model are its methods as well
    plot_weights, plot_confusion = plot_weights, plot_confusion

    @classmethod
    def train(
        cls,
        table: Any,
        target: str,
        training: TableTraining = TableTraining(),
        *,
        task: Task | None = None,
        columns: Any = None,
        validation_table: Any = None,
        reading: dict[str, Any] | None = None,
        engine: str | None = None,
        n_threads: int | None = None,
        listeners: Sequence[Watcher] = (),
        say: Callable[[str], object] = lambda _: None,
        checkpoint: Checkpoint | None = None,
        recorder: Recorder | None = None,
    ) -> TableModel:
        """Train a model on a table.

        Parameters
        ----------
        table : dataframe
            Of polars, pandas, or another library that narwhals knows; so for all methods.
        target : str
            Column to predict; all others are inputs.
        training : TableTraining
        task : {"classification", "regression"}, optional
            Default: inferred from the target, and said.
        columns : dict, ColumnChoices or TableSchema, optional
            What is known of the columns: ``{"zip": "category", "when": "date:%d/%m/%Y"}``. The rest is decided from
            their cells, and said.
        validation_table : dataframe, optional
            Default: a part of the rows.
        reading : dict, optional
            How the table was read, to be remembered in the model.
        engine, n_threads : optional
            Instead of those in `training`.
        listeners : sequence of callable
            Called with every event of `backlit.training.events`.
        say : callable
            Called with remarks for the user.
        checkpoint : Checkpoint, optional
            Keep the state of the training in a folder, and go on from there after a stop.
        recorder : Recorder, optional
            Writes down how each layer fares, epoch by epoch; what it wrote is saved in the model.
        """
        from backlit.tables.train_parts import train_parts  # whoever predicts need not wait for it

        training = replace(training, engine=engine or training.engine, n_threads=n_threads or training.n_threads)
        parts = train_parts(
            table,
            target,
            training,
            task,
            columns,
            validation_table,
            reading or {},
            listeners,
            say,
            checkpoint,
            recorder,
        )
        return cls(*parts)

    @cached_property
    def whole(self) -> Network | Ensemble:
        """What predicts: the network, or the ensemble of all members."""
        return Ensemble.of([self.network, *self.others]) if self.others else self.network

    @property
    def n_members(self) -> int:
        """How many networks there are."""
        return 1 + len(self.others)

    def member(self, number: int) -> TableModel:
        """Return the model that one member, counted from 1, makes by itself."""
        if not 1 <= number <= self.n_members:
            raise InvalidInputError(f"Members count from 1 to {self.n_members}, but {number!r} came.")
        return replace(self, network=(self.network, *self.others)[number - 1], others=())

    @cached_property
    def schema(self) -> TableSchema:
        """What each column of the training table was taken for, the target's last."""
        return schema_of(self.encoder, self.target)

    def predict(self, table: Any, *, engine: str = "auto", n_threads: int | None = None) -> Predictions:
        """Predict the target for each row of a table.

        Parameters
        ----------
        table : dataframe
            With the columns of training; others are ignored.
        """
        x = self.encoder.transform(table)
        outputs = lambda last: self._session(engine, n_threads, last).feedforward(x)  # noqa: E731
        return Predictions(*self.target.decode(self.network.activations[-1], outputs))

    def evaluate(self, table: Any, *, engine: str = "auto", n_threads: int | None = None) -> Evaluation:
        """Compare predictions with the target's column of a table; unknown classes count as wrong."""
        comparison = self.comparison(engine=engine, n_threads=n_threads)
        return comparison.add(in_polars(table).table).result()

    def comparison(self, *, engine: str = "auto", n_threads: int | None = None) -> Comparison:
        """Return what `evaluate` does with one table, for several: `add` each, then `result`."""
        session = self._session(engine, n_threads)
        deciding = self._session(engine, n_threads, self.target.decided_by(self.network.activations[-1]))
        parts = self.target, self.schema, self.encoder, session, deciding.feedforward
        return Comparison(*parts, recorded_metric(self.training))

    def examples(
        self,
        table: Any,
        rows: Sequence[int] | None = None,
        *,
        say: Callable[[str], object] = lambda _: None,
    ) -> tuple[Floats, Floats]:
        """Return rows of a table as the network sees them.

        Parameters
        ----------
        table : dataframe
            With the target's column; rows without a target are left out, and said.
        rows : sequence of int, optional
            Which, counted from 1. Default: all.
        say : callable
            Called with remarks for the user.

        Returns
        -------
        x : ndarray, ``(n_rows, n_in)``
            Behind embeddings, where the network has any.
        y : ndarray, ``(n_rows, n_out)``
        """
        remarks: list[str] = []
        table = in_polars(table).table
        if rows is not None:
            table = table[[check_row(table, row) - 1 for row in rows]]
        _, x, y = self.encoded(table, remarks)
        for message in remarks:
            say(message)
        return as_fed(self.network, x), y

    def __network_with_examples__(self, x: Any, y: Any = None, *, needs_y: bool = True) -> NetworkWithExamples:
        """Return the network with the rows of a table x, for `backlit.explain`, `demon` and `diagnose`."""
        return examined(self, x, y, needs_y=needs_y)

    def __exportable__(self) -> Exportable:
        """Return what a format of `backlit.export` is told of the model."""
        title = f"A model of backlit that predicts {self.target.name}"
        network = self.whole.joined() if isinstance(self.whole, Ensemble) else self.whole
        return Exportable(network, title, self.target.head(), self.encoder)

    def explain(
        self,
        table: Any,
        rows: int | Sequence[int],
        *,
        learning_rate: float | None = None,
        say: Callable[[str], object] = lambda _: None,
    ) -> Explanation:
        """Return one backpropagation step of one row, or of a small batch of rows, with their own numbers.

        Parameters
        ----------
        table : dataframe
            Where it has the target of these rows, the backward pass is explained too.
        rows : int or sequence of int
            Counted from 1.
        learning_rate : float, optional
            μ of the step shown. Default: the base rate of training.
        say : callable
            Called with remarks for the user.
        """
        numbers = np.ravel(rows).tolist()
        table = in_polars(table).table
        few = table[[check_row(table, row) - 1 for row in numbers]]
        _, why_not = known_targets(self.schema.read(few), self.target)
        for remark in filter(None, (why_not, remark_on(self.training))):
            say(remark)
        return explain(self, few, learning_rate=learning_rate, example_names=[f"row {row}" for row in numbers])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one ``.safetensors`` file, whole or not at all."""
        write_parts(path, self.network, self.loss, self.target, self.encoder, self.training, self.others)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TableModel:
        """Read a model that `save` wrote, checking everything.

        Raises
        ------
        ModelFileError
            Naming the field that is wrong.
        """
        return cls(*read_parts(path))

    def _session(self, engine: str, n_threads: int | None, last_activation: str | None = None) -> Session:
        network, objective = self.whole, Objective(self.loss)
        if last_activation is not None:  # to feed forward alone, so that no loss needs to suit it
            network = replace(network, activations=(*network.activations[:-1], last_activation))
            objective = Objective()
        return open_session(get_engine(engine), network, objective, n_threads=n_threads)

    def encoded(self, table: Any, remarks: list[str]) -> tuple[Any, Floats, Floats]:
        """Return the target's column, x and y of the rows that have a target, encoded; remarks are added to a list."""
        table, column = labeled(self.schema.read(table), self.target, remarks)
        return column, self.encoder.transform(table), self.target.encode(column).astype(self.network.dtype)
