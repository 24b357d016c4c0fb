"""CatBoost at its defaults, 1,000 rounds at most; the validation rows decide."""

from __future__ import annotations

import pandas as pd
import polars as pl
from catboost import CatBoostClassifier, CatBoostRegressor
from rows import Rows, text_columns

from contestants import Predict
from contestants.stopping import ROUNDS_WITHOUT_GAIN


def _prepare(inputs: pl.DataFrame) -> pd.DataFrame:
    # it takes a gap among numbers, but none among categories
    return inputs.with_columns(pl.col(pl.String).fill_null("")).to_pandas()


def fit(train: Rows, validation: Rows, seed: int, n_threads: int) -> Predict:
    model = (CatBoostClassifier if train.classes else CatBoostRegressor)(
        cat_features=text_columns(train.inputs),
        early_stopping_rounds=ROUNDS_WITHOUT_GAIN,
        random_seed=seed,
        thread_count=n_threads,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(_prepare(train.inputs), train.y, eval_set=(_prepare(validation.inputs), validation.y))
    answer = model.predict_proba if train.classes else model.predict
    return lambda inputs: answer(_prepare(inputs))
