"""Which learning rate suits a model of tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backlit.core.ensemble import Ensemble
from backlit.tables.options import TableTraining
from backlit.tables.start import TableStart, without_larger_batches
from backlit.tables.table_target import Task
from backlit.training.rate_search import HIGHEST, LOWEST, N_STEPS, RateSearch, rates_between, search_rates
from backlit.training.run import Run


def find_table_rate(
    table: Any,
    target: str,
    training: TableTraining = TableTraining(),
    *,
    task: Task | None = None,
    columns: Any = None,
    say: Callable[[str], object] = lambda _: None,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    n_steps: int = N_STEPS,
) -> RateSearch:
    """Try learning rates for a model of tables, and suggest one for `TableTraining.learning_rate`.

    Parameters
    ----------
    table, target, training, task, columns, say
        See `TableModel.train`.
    lowest, highest, n_steps
        See `find_learning_rate`.
    """
    start = TableStart.of(table, target, training, task, say, columns)
    training = without_larger_batches(start.training, len(start.examples), say)
    # a rate that suits one member suits all
    network = start.network.member(0) if isinstance(start.network, Ensemble) else start.network
    return search_rates(Run.of(training, network, start.loss, start.examples), rates_between(lowest, highest, n_steps))
