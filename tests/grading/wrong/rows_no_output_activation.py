# equation: a
# mistake: no_output_activation
import numpy as np

sig = lambda z: 1 / (1 + np.exp(-z))


def forward_pass(X, W1, b1, W2, b2):
    h = sig(X @ W1 + b1)
    return h, h @ W2 + b2


def backward_pass(X, Y, W1, b1, W2, b2):
    n = len(X)
    h, out = forward_pass(X, W1, b1, W2, b2)
    d2 = (out - Y) * sig(out) * (1 - sig(out))
    d1 = d2 @ W2.T * h * (1 - h)
    return X.T @ d1 / n, d1.mean(0), h.T @ d2 / n, d2.mean(0)
