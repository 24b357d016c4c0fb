"""backlit's models of tables, which take tables as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from rows import Rows

from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from contestants import Predict


def fit(train: Rows, validation: Rows, seed: int, n_threads: int, folds_all: bool = False, **options: Any) -> Predict:
    """Train; with `folds_all` on all rows, of which each network leaves a part out and sets others aside to stop by."""
    if folds_all:
        train = replace(train, table=pl.concat([train.table, validation.table]))
    model = TableModel.train(
        train.table,
        train.target,
        TableTraining(seed=seed, **options, given=frozenset(options)),
        task=train.task,
        validation_table=None if folds_all else validation.table,
        n_threads=n_threads,
    )
    if not train.classes:
        return lambda inputs: model.predict(inputs, n_threads=n_threads).values
    learned = [str(label) for label in model.target.classes or ()]
    order = [learned.index(str(label)) for label in train.classes]

    def predict(inputs: pl.DataFrame) -> np.ndarray:
        probabilities = model.predict(inputs, n_threads=n_threads).probabilities
        assert probabilities is not None
        return probabilities[:, order]

    return predict
