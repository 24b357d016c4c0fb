# equation: BP1
# mistake: sign
# In the manner of JAX: parameters are a list of pairs, functions are pure, one example is mapped over a batch.
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def predict(params, x):
    for w, b in params:
        x = sigmoid(w @ x + b)
    return x


def grads_of_one(params, x, y):
    tape = [x]
    for w, b in params:
        tape.append(sigmoid(w @ tape[-1] + b))
    out = []
    cotangent = y - tape[-1]
    for (w, _), a_in, a_out in zip(params[::-1], tape[-2::-1], tape[:0:-1]):
        delta = cotangent * a_out * (1 - a_out)
        out.append((np.outer(delta, a_in), delta))
        cotangent = w.T @ delta
    return out[::-1]


def gradients(params, x, y):
    each = [grads_of_one(params, xi, yi) for xi, yi in zip(x, y)]
    n = len(each)
    return [(sum(g[l][0] for g in each) / n, sum(g[l][1] for g in each) / n) for l in range(len(params))]
