"""RealMLP and TabM in PyTorch, as pytabkit has them, at its defaults."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytabkit
from rows import Rows

from contestants import Predict
from contestants.categories import WithCategories


def fit(train: Rows, validation: Rows, seed: int, n_threads: int, model: str) -> Predict:
    with_categories = WithCategories(train.inputs)
    middles = train.inputs.select(pl.col(pl.Float64, pl.Int64).median()).to_dicts()[0]

    def prepare(inputs: pl.DataFrame) -> pd.DataFrame:
        # a gap among numbers is refused
        return with_categories(inputs).fillna(middles)

    kind = getattr(pytabkit, f"{model}_{'Classifier' if train.classes else 'Regressor'}")
    learned = kind(device="cpu", random_state=seed, n_threads=n_threads)
    learned.fit(prepare(train.inputs), train.y, X_val=prepare(validation.inputs), y_val=validation.y)
    answer = learned.predict_proba if train.classes else learned.predict
    return lambda inputs: answer(prepare(inputs))
