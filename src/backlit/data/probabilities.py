"""Classes and their probabilities from the outputs of a network: from z^L where that tells more than a^L.

A saturated a^L has been rounded to the end of its range, and outputs that the network tells apart are one number there.
So what can be told from z^L is: which output is largest, where σ is increasing, and the shares of outputs whose
logarithm is known. ``backlit.export`` writes the same down for other programs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backlit.core.activations import get_activation, log_sigmoid, sigmoid, softmax
from backlit.data.labels import ClassLabels
from backlit.engine.protocol import Floats


def decided_by(labels: ClassLabels, activation: str) -> str:
    """Return the σ of the output layer with which `ClassLabels.decide` is to be asked: "identity" where z^L tells more.

    Parameters
    ----------
    labels : ClassLabels
    activation : str
        The output layer's own.
    """
    return "identity" if _compares_outputs(labels) and get_activation(activation).increasing else activation


def class_probabilities(labels: ClassLabels, activation: str, outputs: Callable[[str], Floats]) -> Floats:
    """Return ``(n_examples, n_classes)``.

    Parameters
    ----------
    labels : ClassLabels
    activation : str
        σ of the output layer.
    outputs : callable
        σ of the output layer → the network's outputs with it, ``(n_examples, n_out)``.
    """
    sigma = get_activation(activation)
    if labels.one_output and labels.kind == "binary" and sigma.name == "sigmoid":
        return binary_probabilities(outputs("identity"))
    if _compares_outputs(labels) and sigma.log_value is not None and not sigma.couples:
        return np.asarray(softmax(sigma.log_value(outputs("identity"))))
    return probabilities(labels, outputs(activation))


def _compares_outputs(labels: ClassLabels) -> bool:
    return not labels.one_output and labels.kind in ("binary", "multiclass")


def probabilities(labels: ClassLabels, outputs: Floats) -> Floats:
    """Return ``(n_examples, n_classes)`` from a^L.

    One output a is P(second class). Several are divided by their sum where they need not sum to one; what is negative
    counts as 0, and where nothing is positive all classes are equally likely. Labels of a multi-label problem are
    independent: their outputs are cut to [0, 1].
    """
    if labels.kind == "constant":
        return np.ones((len(outputs), 1), dtype=outputs.dtype)
    if labels.kind == "multilabel":
        return np.clip(outputs, 0, 1)
    if labels.one_output:
        return np.concatenate([1 - outputs, outputs], axis=1)
    positive = np.maximum(outputs, 0)
    # dividing by the largest first keeps the sum of outputs near the largest float finite
    largest = positive.max(axis=1, keepdims=True)
    shares = np.divide(positive, largest, out=np.ones_like(positive), where=largest > 0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def binary_probabilities(z: Floats) -> Floats:
    """Return ``(n_examples, 2)`` from the z^L of one sigmoid output, both to full precision: σ(−z) and σ(z)."""
    return np.concatenate([sigmoid(-z), sigmoid(z)], axis=1)


def log_probabilities(labels: ClassLabels, activation: str, z: Floats) -> Floats:
    """Return the logarithm of `class_probabilities`, from z^L: finite where the probability itself rounds to 0.

    Output activations that can be zero or negative have no such formula; their probabilities are then held above the
    smallest normal number.
    """
    sigma = get_activation(activation)
    if labels.kind == "constant":
        return np.zeros((len(z), 1), dtype=z.dtype)
    if labels.one_output:
        return np.concatenate([log_sigmoid(-z), log_sigmoid(z)], axis=1)
    if sigma.log_value is None:
        return np.log(np.maximum(probabilities(labels, sigma.value(z)), np.finfo(z.dtype).tiny))
    log_outputs: Floats = sigma.log_value(z)
    if labels.kind == "multilabel":
        return np.minimum(log_outputs, 0)
    from scipy.special import logsumexp

    return log_outputs if sigma.couples else log_outputs - logsumexp(log_outputs, axis=1, keepdims=True)
