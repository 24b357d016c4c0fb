"""backlit's models of tables, which take tables as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from rows import Rows

from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from contestants import Predict


def fit(train: Rows, validation: Rows, seed: int, n_threads: int, **options: Any) -> Predict:
    model = TableModel.train(
        train.table,
        train.target,
        TableTraining(seed=seed, **options, given=frozenset(options)),
        task=train.task,
        validation_table=validation.table,
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
