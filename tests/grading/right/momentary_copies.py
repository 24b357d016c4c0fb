import numpy as np


def sigmoid(z):
    out = np.empty_like(z)
    np.negative(z, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)
    return out


def backprop(x, y, params):
    n = len(params) // 2
    a = {0: x}
    for i in range(1, n + 1):
        a[i] = sigmoid(params[f"W{i}"] @ a[i - 1] + params[f"b{i}"])
    error = a[n].copy()
    error -= y
    grads = {}
    for i in range(n, 0, -1):
        error *= a[i] * (1 - a[i])
        grads[f"dW{i}"] = error @ a[i - 1].T
        grads[f"db{i}"] = error.copy()
        error = params[f"W{i}"].T @ error
    return 0.5 * float(np.sum((a[n] - y) ** 2)), grads
