# equation: BP4
# mistake: accumulates
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


total_W1 = []


def backprop(x, y, W1, b1, W2, b2):
    h = sigmoid(W1 @ x + b1)
    out = sigmoid(W2 @ h + b2)
    delta2 = (out - y) * out * (1 - out)
    delta1 = (W2.T @ delta2) * h * (1 - h)
    dW2 = delta2 @ h.T
    dW1 = delta1 @ x.T
    total_W1.append(dW1)
    if total_W1[0].shape == dW1.shape:
        dW1 = sum(g for g in total_W1 if g.shape == dW1.shape)
    return dW1, delta1, dW2, delta2
