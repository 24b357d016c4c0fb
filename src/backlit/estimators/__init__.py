"""scikit-learn's multilayer perceptrons, on this package's engines."""

from __future__ import annotations

from backlit.estimators.classifier import MLPClassifier
from backlit.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
