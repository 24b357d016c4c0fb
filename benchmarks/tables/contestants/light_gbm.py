"""LightGBM at its defaults but for the number of rounds, which the validation rows decide.

With folds each of several models leaves a part of all rows out and stops by it, and their mean answers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
from rows import Rows
from sklearn.model_selection import KFold, StratifiedKFold

from contestants import Predict
from contestants.categories import WithCategories
from contestants.stopping import ROUNDS_WITHOUT_GAIN


def fit(train: Rows, validation: Rows, seed: int, n_threads: int, n_estimators: int, n_folds: int = 0) -> Predict:
    prepare = WithCategories(train.inputs)

    def answer(rows: Rows, stop_by: Rows) -> Predict:
        model = (LGBMClassifier if train.classes else LGBMRegressor)(
            n_estimators=n_estimators, random_state=seed, n_jobs=n_threads, verbose=-1
        )
        model.fit(
            prepare(rows.inputs),
            rows.y,
            eval_X=prepare(stop_by.inputs),
            eval_y=stop_by.y,
            callbacks=[early_stopping(ROUNDS_WITHOUT_GAIN, verbose=False)],
        )
        predict = model.predict_proba if train.classes else model.predict
        return lambda inputs: predict(prepare(inputs))

    if not n_folds:
        return answer(train, validation)
    answers = [answer(*parts) for parts in _folds(train, validation, n_folds, seed)]
    return lambda inputs: np.mean([each(inputs) for each in answers], axis=0)


def _folds(train: Rows, validation: Rows, n_folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    table = pl.concat([train.table, validation.table])
    whole = replace(train, table=table)
    splitter = (StratifiedKFold if train.classes else KFold)(n_folds, shuffle=True, random_state=seed)
    parts = splitter.split(table, whole.y if train.classes else None)
    return [(replace(whole, table=table[others]), replace(whole, table=table[fold])) for others, fold in parts]
