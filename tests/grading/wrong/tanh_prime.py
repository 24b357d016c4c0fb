# equation: sigma_prime
# mistake: wrong_sigma_prime
# activation: tanh
import numpy as np


def backward(x, y, Ws, bs):
    a, outs = x, [x]
    for W, b in zip(Ws, bs):
        a = np.tanh(W @ a + b)
        outs.append(a)
    delta = (a - y) * (1 + a**2)
    grads = []
    for i in range(len(Ws))[::-1]:
        grads.append((np.outer(delta, outs[i]).tolist(), delta.tolist()))
        delta = (Ws[i].T @ delta) * (1 + outs[i] ** 2)
    grads.reverse()
    return [g[1] for g in grads], [g[0] for g in grads]
