# The same form for the lecture's σ and cost.
import numpy as np


def linear_forward(x, w, b):
    return np.einsum("ij,jk->ik", x, w) + b, (x, w)


def linear_backward(dout, cache):
    x, w = cache
    dx = np.einsum("ik,jk->ij", dout, w)
    dw = np.einsum("ij,ik->jk", x, dout)
    db = np.einsum("ik->k", dout)
    return dx, dw, db


def sigmoid_forward(x):
    out = 1 / (1 + np.exp(-x))
    return out, out


def sigmoid_backward(dout, cache):
    return dout * cache * (1 - cache)


def quadratic_loss(x, y):
    difference = x - y
    return 0.5 * np.sum(difference**2) / len(y), difference / len(y)
