"""scikit-learn's histogram boosting at its defaults: 100 rounds at most, fewer where the validation rows say so."""

from __future__ import annotations

from rows import Rows
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from contestants import Predict
from contestants.categories import WithCategories


def fit(train: Rows, validation: Rows, seed: int, n_threads: int) -> Predict:
    threadpool_limits(n_threads)
    prepare = WithCategories(train.inputs)
    model = (HistGradientBoostingClassifier if train.classes else HistGradientBoostingRegressor)(random_state=seed)
    model.fit(prepare(train.inputs), train.y, X_val=prepare(validation.inputs), y_val=validation.y)
    answer = model.predict_proba if train.classes else model.predict
    return lambda inputs: answer(prepare(inputs))
