"""Every σ, σ′ and C_x at 50 digits, written from the formulas of the lecture and the papers, not from the code."""

import mpmath as mp
import numpy as np

from backlit.core.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_LAMBDA

mp.mp.dps = 50
SLOPE, LAMBDA, ALPHA = mp.mpf(LEAKY_RELU_SLOPE), mp.mpf(SELU_LAMBDA), mp.mpf(SELU_ALPHA)


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def softplus(z):
    return mp.log1p(mp.exp(z)) if z < 0 else z + mp.log1p(mp.exp(-z))


def normal_cdf(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def normal_density(z):
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


VALUE = {
    "sigmoid": sigmoid,
    "tanh": mp.tanh,
    "relu": lambda z: max(z, mp.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else SLOPE * z,
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: LAMBDA * (z if z > 0 else ALPHA * mp.expm1(z)),
    "gelu": lambda z: z * normal_cdf(z),
    "silu": lambda z: z * sigmoid(z),
    "mish": lambda z: z * mp.tanh(softplus(z)),
    "softplus": softplus,
    "exp": mp.exp,
    "identity": lambda z: z,
}
DERIVATIVE = {
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    "tanh": lambda z: mp.sech(z) ** 2,
    "relu": lambda z: mp.mpf(z > 0),
    "leaky_relu": lambda z: mp.mpf(1) if z > 0 else SLOPE,
    "elu": lambda z: mp.mpf(1) if z > 0 else mp.exp(z),
    "selu": lambda z: LAMBDA * (1 if z > 0 else ALPHA * mp.exp(z)),
    "gelu": lambda z: normal_cdf(z) + z * normal_density(z),
    "silu": lambda z: sigmoid(z) + z * sigmoid(z) * sigmoid(-z),
    "mish": lambda z: mp.tanh(softplus(z)) + z * sigmoid(z) * mp.sech(softplus(z)) ** 2,
    "softplus": sigmoid,
    "exp": mp.exp,
    "identity": lambda z: mp.mpf(1),
}


def softmax(row):
    exponentials = [mp.exp(z) for z in row]
    return [e / mp.fsum(exponentials) for e in exponentials]


def output(activation, row):
    """a^L of one example as a list."""
    row = numbers(row)
    return softmax(row) if activation == "softmax" else [VALUE[activation](z) for z in row]


def _times_log(y, a):
    return y * mp.log(a) if y else mp.mpf(0)


def cost(loss, activation, a, y):
    """C_x of one example."""
    pairs = list(zip(numbers(a), numbers(y), strict=True))
    if loss == "quadratic":
        return mp.fsum((y - a) ** 2 for a, y in pairs) / 2
    if loss == "absolute":
        return mp.fsum(abs(y - a) for a, y in pairs)
    if loss == "huber":
        return mp.fsum((y - a) ** 2 / 2 if abs(y - a) <= 1 else abs(y - a) - mp.mpf("0.5") for a, y in pairs)
    if loss == "log_cosh":
        return mp.fsum(mp.log(mp.cosh(y - a)) for a, y in pairs)
    if loss == "quantile":
        return mp.fsum(abs(y - a) for a, y in pairs) / 2
    if loss == "poisson":
        return mp.fsum(a - _times_log(y, a) + _times_log(y, y) - y for a, y in pairs)
    if activation == "softmax":
        return -mp.fsum(_times_log(y, a) for a, y in pairs)
    return -mp.fsum(_times_log(y, a) + _times_log(1 - y, 1 - a) for a, y in pairs)


def numbers(values):
    return [v if isinstance(v, mp.mpf) else mp.mpf(float(v)) for v in values]


def derivative(f, at):
    """f′ by central differences of 50-digit numbers, good to about 30 digits."""
    h = mp.mpf(10) ** -16
    return (f(at + h) - f(at - h)) / (2 * h)


def gradient(f, at):
    """∇f of a function of a list of numbers."""
    at = numbers(at)
    return [derivative(lambda t, j=j: f([*at[:j], t, *at[j + 1 :]]), at[j]) for j in range(len(at))]


def as_floats(values, dtype="float64"):
    return np.array([float(v) for v in values], dtype=dtype)
