# equation: z
# mistake: float32
import numpy as np


def weighted_input(w, a, b):
    return np.asarray(np.dot(w, a) + b, dtype=np.float32)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    e = np.exp(-z)
    return e / (1.0 + e) ** 2


def bp1(a, y, z):
    return (a - y) * sigmoid_prime(z)


def bp2(w, delta, z):
    return np.dot(delta, w) * sigmoid_prime(z)


def bp3(delta):
    return delta.copy()


def bp4(delta, a_prev):
    return np.outer(delta, a_prev)


def update(w, grad, eta):
    w -= eta * grad
    return w
