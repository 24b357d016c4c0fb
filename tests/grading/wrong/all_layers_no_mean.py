# equation: BP3
# mistake: sum_instead_of_mean
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(X, W1, b1, W2, b2):
    A1 = sigmoid(X @ W1 + b1)
    A2 = sigmoid(A1 @ W2 + b2)
    return A1, A2


def backward(X, y, W1, b1, W2, b2):
    A1, A2 = forward(X, W1, b1, W2, b2)
    n = X.shape[0]
    d2 = (A2 - y) * A2 * (1 - A2)
    d1 = d2 @ W2.T * A1 * (1 - A1)
    return {"W1": X.T @ d1, "b1": d1.sum(0), "W2": A1.T @ d2, "b2": d2.sum(0)}
