"""How good predictions on the test rows are: the same lines for everybody."""

from __future__ import annotations

import numpy as np
from rows import Rows
from sklearn.metrics import log_loss, r2_score, root_mean_squared_error

LEAST_PROBABILITY = 2.0**-23
"""Where float32 says 0, less is meant than it can add to 1: nobody is punished beyond that for computing in it."""


def score(test: Rows, predicted: np.ndarray) -> dict[str, float]:
    """Return accuracy and log-loss, or R² and RMSE.

    Parameters
    ----------
    test : Rows
    predicted : ndarray
        Probabilities, ``(n_rows, n_classes)``, or numbers, ``(n_rows,)``.
    """
    n_classes = len(test.classes)
    expected = (len(test.table), n_classes) if n_classes else (len(test.table),)
    if predicted.shape != expected:
        raise ValueError(f"Predictions have the shape {predicted.shape}, but {expected} was expected.")
    if not np.isfinite(predicted).all():
        raise ValueError("Some predictions are not finite.")
    predicted = predicted.astype(np.float64)
    if not n_classes:
        return {"r2": r2_score(test.y, predicted), "rmse": root_mean_squared_error(test.y, predicted)}
    kept = np.clip(predicted, LEAST_PROBABILITY, None)
    kept /= kept.sum(axis=1, keepdims=True)
    return {
        "accuracy": float(np.mean(predicted.argmax(axis=1) == test.y)),
        "log_loss": log_loss(test.y, kept, labels=range(n_classes)),
    }
