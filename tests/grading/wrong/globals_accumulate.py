# equation: BP3
# mistake: accumulates
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


totals = {}


def backprop(x, y, W1, b1, W2, b2):
    h = sigmoid(W1 @ x + b1)
    out = sigmoid(W2 @ h + b2)
    delta2 = (out - y) * out * (1 - out)
    delta1 = (W2.T @ delta2) * h * (1 - h)
    dW2 = delta2 @ h.T
    dW1 = delta1 @ x.T
    for name, gradient in [("W1", dW1), ("b1", delta1), ("W2", dW2), ("b2", delta2)]:
        totals[name] = totals.get(name, 0) + gradient
    return totals["W1"], totals["b1"], totals["W2"], totals["b2"]
