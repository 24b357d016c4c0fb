# The cost comes beside the gradients; the error carries the mean.
import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def cost_and_gradient(X, Y, Ws, bs):
    m = X.shape[0]
    hs = [X]
    for W, b in zip(Ws, bs):
        hs.append(sigmoid(hs[-1].dot(W) + b))
    J = ((hs[-1] - Y) ** 2).sum() / (2 * m)
    d = (hs[-1] - Y) * hs[-1] * (1 - hs[-1]) / m
    gW, gb = [None] * len(Ws), [None] * len(Ws)
    for i in reversed(range(len(Ws))):
        gW[i] = hs[i].T.dot(d)
        gb[i] = d.sum(axis=0)
        d = d.dot(Ws[i].T) * hs[i] * (1 - hs[i])
    return J, gW, gb
