"""What the training of a table model begins with: encoder, target, examples and the first network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backlit.core.losses import get_loss, loss_name
from backlit.core.network import Network
from backlit.data import TableEncoder, check_target, infer_task
from backlit.engine.protocol import Objective
from backlit.estimators.table_rows import as_polars, without
from backlit.estimators.table_target import TableTarget, Task
from backlit.estimators.table_training import TableTraining
from backlit.training.examples import Examples


@dataclass(frozen=True, eq=False)
class TableStart:
    """A table, made ready for training.

    Attributes
    ----------
    encoder : TableEncoder
    target : TableTarget
    examples : Examples
        All rows that have a target.
    network : Network
        As initialized.
    objective : Objective
    """

    encoder: TableEncoder
    target: TableTarget
    examples: Examples
    network: Network
    objective: Objective

    @classmethod
    def of(
        cls, table: Any, target: str, training: TableTraining, task: Task | None, say: Callable[[str], object]
    ) -> TableStart:
        """Learn the columns of a table; see `TableModel.train`."""
        table, n_dropped = check_target(as_polars(table), target)
        if n_dropped:
            say(f"Dropped {n_dropped:,} rows without a {target}.")
        if task is None and training.loss == "poisson":
            task = "regression"  # counts can look like classes, but this loss is for counts
        if task is None:
            guess = infer_task(table[target], target)
            task = guess.task
            say(guess.reason + ".")
        features = without(table, target)
        encoder = TableEncoder(dtype=training.dtype).fit(features)
        loss = loss_name(training.loss or ("cross_entropy" if task == "classification" else "quadratic"))
        learned = TableTarget.learn(table[target], target, task, loss)
        examples = Examples(encoder.transform(features), learned.encode(table[target]).astype(training.dtype))
        output = _output_activation(task, loss, learned.n_outputs)
        get_loss(loss, output)
        network = Network.initialize(
            [examples.x.shape[1], *training.hidden, learned.n_outputs],
            [training.activation] * len(training.hidden) + [output],
            seed=training.seed,
            dtype=training.dtype,
        )
        return cls(encoder, learned, examples, network, Objective(loss, training.penalty))

    def encode(self, table: Any) -> Examples:
        """Return the rows of another table that have a target, as the network sees them."""
        table, _ = check_target(as_polars(table), self.target.name)
        y = self.target.encode(table[self.target.name]).astype(self.network.dtype)
        return Examples(self.encoder.transform(without(table, self.target.name)), y)


def _output_activation(task: Task, loss: str, n_outputs: int) -> str:
    if task == "classification":
        return "softmax" if loss == "cross_entropy" and n_outputs > 1 else "sigmoid"
    return {"poisson": "exp", "cross_entropy": "sigmoid"}.get(loss, "identity")
