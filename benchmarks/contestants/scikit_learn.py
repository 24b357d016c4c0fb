"""scikit-learn's multilayer perceptrons. It has no quadratic classifier; see `Contestant.own_case`."""

from __future__ import annotations

import warnings

import numpy as np
from cases import Case
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from contestants import Setting, Training


def settings(case: Case) -> list[Setting]:
    return [{}]


def fitted(case: Case) -> MLPClassifier | MLPRegressor:
    """Return a model with the workload's weights."""
    warnings.filterwarnings("ignore")
    classifies = case.loss == "cross_entropy"
    hidden = {"sigmoid": "logistic", "softmax": "identity"}.get(case.activations[0], case.activations[0])
    model = (MLPClassifier if classifies else MLPRegressor)(
        hidden_layer_sizes=case.sizes[1:-1],
        activation=hidden,
        solver=case.optimizer,
        alpha=0,
        batch_size=case.batch_size,
        learning_rate_init=case.rate,
        momentum=0,
        nesterovs_momentum=False,
        shuffle=False,
        max_iter=1,
    )
    x, y = (array[: case.batch_size] for array in case.data())
    if classifies:
        model.partial_fit(x, y.argmax(axis=1), classes=np.arange(case.sizes[-1]))
    else:
        model.partial_fit(x, _target(y))
    weights, biases = case.parameters()
    model.coefs_, model.intercepts_ = [w.T.copy() for w in weights], [b.copy() for b in biases]
    del model._optimizer  # so that it begins anew, with moments for these arrays
    return model


def _target(y: np.ndarray) -> np.ndarray:
    return y[:, 0] if y.shape[1] == 1 else y


def train(case: Case, n_threads: int) -> Training:
    threadpool_limits(n_threads)
    x, y = case.data()
    target = y.argmax(axis=1) if case.loss == "cross_entropy" else _target(y)
    model = fitted(case)

    def epoch(order: np.ndarray) -> None:
        model.partial_fit(x[order], target[order])

    return epoch, lambda: ([w.T for w in model.coefs_], list(model.intercepts_))


def predict(case: Case, n_threads: int):
    threadpool_limits(n_threads)
    return fitted(case).predict
