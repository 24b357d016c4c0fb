"""skops writes fitted estimators, and reads them back trusting the types that the package lists."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
import skops.io

import backlit as bl

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.default_rng(0).normal(size=(20, 3))
LABELS = np.array(["a", "b"] * 10)
FRAME = pd.DataFrame(
    {
        **{"text": LABELS, "number": X[:, 0], "day": pd.date_range("2020", periods=20, tz="Europe/Berlin")},
        **{"flag": LABELS == "a", "span": pd.to_timedelta(np.arange(20), unit="h"), "none": np.full(20, np.nan)},
        "pixel_1": np.arange(20, dtype="uint8"),
        # in writing: numbers with a mark for thousands, days, and yes or no
        **{"price": [f"{k},250" for k in range(20)], "on": [f"{k + 1:02d}.11.2026" for k in range(20)]},
        "paid": ["yes", "no"] * 10,
    }
)
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
MODELS = [
    *((bl.MLPClassifier(**SMALL, solver=solver), X, LABELS) for solver in ("adam", "adamw", "sgd", "rmsprop", "gd")),
    (bl.MLPClassifier(**SMALL, solver="lbfgs"), X, (X > 0).astype(int)),
    (bl.MLPClassifier(**SMALL, missing_values="encode"), FRAME, LABELS),
    (bl.MLPClassifier(**SMALL, early_stopping=bl.EarlyStopping(patience=1), dropout=bl.Dropout(0.1)), X, LABELS),
    (bl.MLPRegressor(bl.Huber(2.0), **SMALL, early_stopping=True), X, X[:, 0]),
    (bl.MLPRegressor(bl.Quantile(0.9), **SMALL, learning_rate="cosine"), X, X),
    (bl.MLPRegressor(**SMALL, initialization=bl.Network.initialize([3, 3, 1], ["relu", "identity"])), X, X[:, 0]),
]


@pytest.mark.parametrize(("model", "X", "y"), MODELS, ids=lambda value: str(value)[:60].replace("\n", ""))
def test_skops_gives_the_model_back(model, X, y):
    data = skops.io.dumps(model.fit(X, y))
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException):
        skops.io.loads(data)
    again = skops.io.loads(data, trusted=list(bl.TRUSTED_TYPES))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    if hasattr(model, "partial_fit") and not model.early_stopping:
        for a, b in zip(again.partial_fit(X, y).coefs_, model.partial_fit(X, y).coefs_, strict=True):
            assert a.tobytes() == b.tobytes()


def test_a_transformer_too():
    model = bl.HiddenLayerTransformer(bl.MLPClassifier(**SMALL)).fit(X, LABELS)
    again = skops.io.loads(skops.io.dumps(model), trusted=list(bl.TRUSTED_TYPES))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


def test_every_name_is_a_type():
    for name in bl.TRUSTED_TYPES:
        module, _, kind = name.rpartition(".")
        assert isinstance(getattr(importlib.import_module(module), kind), type), name
