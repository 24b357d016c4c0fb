"""LightGBM at its defaults but for the number of rounds, which the validation rows decide."""

from __future__ import annotations

from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
from rows import Rows

from contestants import Predict
from contestants.categories import WithCategories
from contestants.stopping import ROUNDS_WITHOUT_GAIN


def fit(train: Rows, validation: Rows, seed: int, n_threads: int, n_estimators: int) -> Predict:
    prepare = WithCategories(train.inputs)
    model = (LGBMClassifier if train.classes else LGBMRegressor)(
        n_estimators=n_estimators, random_state=seed, n_jobs=n_threads, verbose=-1
    )
    model.fit(
        prepare(train.inputs),
        train.y,
        eval_X=prepare(validation.inputs),
        eval_y=validation.y,
        callbacks=[early_stopping(ROUNDS_WITHOUT_GAIN, verbose=False)],
    )
    answer = model.predict_proba if train.classes else model.predict
    return lambda inputs: answer(prepare(inputs))
