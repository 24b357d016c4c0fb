# equation: BP4
# mistake: outer_product_transposed
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def backprop(x, y, W1, b1, W2, b2):
    h = sigmoid(W1 @ x + b1)
    out = sigmoid(W2 @ h + b2)
    delta2 = (out - y) * out * (1 - out)
    delta1 = (W2.T @ delta2) * h * (1 - h)
    dW2 = h @ delta2.T
    dW1 = x @ delta1.T
    return dW1, delta1, dW2, delta2
