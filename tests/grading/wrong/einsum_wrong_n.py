# equation: BP3
# mistake: divided_by_wrong_n
import numpy as np


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def forward(x, weights, biases):
    zs, activations = [], [x]
    for w, b in zip(weights, biases):
        z = np.einsum("jk,nk->nj", w, activations[-1]) + b
        zs.append(z)
        activations.append(sigma(z))
    return zs, activations


def compute_gradients(x, y, weights, biases):
    zs, activations = forward(x, weights, biases)
    n = x.shape[1]
    s = sigma(zs[-1])
    delta = (activations[-1] - y) * s * (1 - s)
    grads_w, grads_b = [], []
    for i in range(len(weights) - 1, -1, -1):
        grads_w.append(np.einsum("nj,nk->jk", delta, activations[i]) / n)
        grads_b.append(np.einsum("nj->j", delta) / n)
        if i > 0:
            s = sigma(zs[i - 1])
            delta = np.einsum("jk,nj->nk", weights[i], delta) * s * (1 - s)
    return grads_w[::-1], grads_b[::-1]
