"""XGBoost at its defaults but for the number of rounds, which the validation rows decide."""

from __future__ import annotations

from rows import Rows
from xgboost import XGBClassifier, XGBRegressor

from contestants import Predict
from contestants.categories import WithCategories
from contestants.stopping import MOST_ROUNDS, ROUNDS_WITHOUT_GAIN


def fit(train: Rows, validation: Rows, seed: int, n_threads: int) -> Predict:
    prepare = WithCategories(train.inputs)
    model = (XGBClassifier if train.classes else XGBRegressor)(
        n_estimators=MOST_ROUNDS,
        early_stopping_rounds=ROUNDS_WITHOUT_GAIN,
        enable_categorical=True,
        random_state=seed,
        n_jobs=n_threads,
    )
    model.fit(prepare(train.inputs), train.y, eval_set=[(prepare(validation.inputs), validation.y)], verbose=False)
    answer = model.predict_proba if train.classes else model.predict
    return lambda inputs: answer(prepare(inputs))
