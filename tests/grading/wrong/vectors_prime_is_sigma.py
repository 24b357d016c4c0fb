# equation: sigma_prime
# mistake: wrong_sigma_prime
import numpy as np


def weighted_input(w, a, b):
    return np.dot(w, a) + b


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    e = np.exp(-z)
    return 1.0 / (1.0 + e)


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
