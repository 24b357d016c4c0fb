import mpmath
import numpy as np
import pytest

from backlit.core.activations import get_activation
from backlit.data.labels import ClassLabels
from backlit.data.probabilities import binary_probabilities, decided_by, log_probabilities, probabilities

THREE = ClassLabels(np.arange(3), "multiclass", one_output=False)
TWO = ClassLabels(np.arange(2), "binary", one_output=True)
LABELS = ClassLabels(np.arange(3), "multilabel", one_output=False)


def test_shares():
    outputs = np.array([[0.2, 0.2, 0.4], [-1.0, 3.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -3.0], [1e308, 1e308, 0.0]])
    third = [1 / 3] * 3
    expected = [[0.25, 0.25, 0.5], [0, 0.75, 0.25], third, third, [0.5, 0.5, 0]]
    np.testing.assert_allclose(probabilities(THREE, outputs), expected, rtol=1e-15)
    assert probabilities(THREE, outputs[:3].astype(np.float32)).dtype == np.float32


def test_one_output():
    np.testing.assert_allclose(probabilities(TWO, np.array([[0.25]])), [[0.75, 0.25]])
    np.testing.assert_allclose(binary_probabilities(np.array([[700.0]]))[0, 0], float(mpmath.exp(-700)), rtol=1e-12)


def test_what_decides():
    # z^L where outputs that σ has rounded to one number are compared
    assert decided_by(THREE, "sigmoid") == decided_by(THREE, "tanh") == "identity"
    assert decided_by(THREE, "relu") == "relu"  # which says that they are equal
    assert decided_by(THREE, "softmax") == "softmax"
    assert decided_by(TWO, "sigmoid") == decided_by(LABELS, "sigmoid") == "sigmoid"


def test_labels_are_independent():
    np.testing.assert_array_equal(probabilities(LABELS, np.array([[0.2, -0.1, 1.5]])), [[0.2, 0, 1]])


@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "softplus", "exp", "identity", "relu", "tanh"])
@pytest.mark.parametrize("labels", [THREE, LABELS], ids=["classes", "labels"])
def test_logarithms(labels, activation):
    z = np.random.default_rng(0).standard_normal((20, 3))
    expected = probabilities(labels, get_activation(activation).value(z))
    logs = log_probabilities(labels, activation, z)
    positive = expected > 0
    assert positive.mean() > 0.4
    np.testing.assert_allclose(logs[positive], np.log(expected[positive]), atol=1e-14)
    assert np.isfinite(logs).all()


@pytest.mark.parametrize("scale", [300, 3000])
def test_logarithms_far_out(scale):
    z = scale * np.array([[1.0, 0.5, -1.0]])
    with mpmath.workdps(3000):
        total = mpmath.fsum(mpmath.exp(v) for v in z[0])
        softmax = [float(mpmath.log(mpmath.exp(v) / total)) for v in z[0]]
        sigmas = [1 / (1 + mpmath.exp(-v)) for v in z[0]]
        shares = [float(mpmath.log(sigma / mpmath.fsum(sigmas))) for sigma in sigmas]
        both = [float(mpmath.log(1 / (1 + mpmath.exp(sign * z[0, 0])))) for sign in (1, -1)]
    np.testing.assert_allclose(log_probabilities(THREE, "softmax", z)[0], softmax, rtol=1e-14, atol=1e-60)
    np.testing.assert_allclose(log_probabilities(THREE, "sigmoid", z)[0], shares, rtol=1e-14)
    np.testing.assert_allclose(log_probabilities(TWO, "sigmoid", z[:, :1])[0], both, rtol=1e-14)


def test_constant():
    labels = ClassLabels(np.array(["x"]), "constant", one_output=True)
    np.testing.assert_array_equal(probabilities(labels, np.array([[0.1], [0.2]])), [[1], [1]])
    np.testing.assert_array_equal(log_probabilities(labels, "sigmoid", np.array([[5.0]])), [[0]])
