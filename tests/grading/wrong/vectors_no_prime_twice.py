# equation: BP1
# mistake: missing_sigma_prime
import numpy as np


def weighted_input(w, a, b):
    return np.dot(w, a) + b


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    e = np.exp(-z)
    return e / (1.0 + e) ** 2


def bp1(a, y, z):
    return a - y


def bp2(w, delta, z):
    return np.dot(delta, w)


def bp3(delta):
    return delta.copy()


def bp4(delta, a_prev):
    return np.outer(delta, a_prev)


def update(w, grad, eta):
    w -= eta * grad
    return w
