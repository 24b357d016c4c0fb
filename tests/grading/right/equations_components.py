# Component by component, as the sums of the lecture are written.
import math

import numpy as np


def weighted_input(w, a, b):
    return np.array([sum(w[j][k] * a[k] for k in range(len(a))) + b[j] for j in range(len(b))])


def sigmoid(z):
    return np.array([1 / (1 + math.exp(-z_j)) for z_j in z])


def sigmoid_prime(z):
    return np.array([s * (1 - s) for s in sigmoid(z)])


def bp1(a, y, z):
    slopes = sigmoid_prime(z)
    return np.array([(a[j] - y[j]) * slopes[j] for j in range(len(a))])


def bp2(w_next, delta_next, z):
    slopes = sigmoid_prime(z)
    delta = np.zeros(len(z))
    for j in range(len(z)):
        for k in range(len(delta_next)):
            delta[j] += w_next[k][j] * delta_next[k] * slopes[j]
    return delta


def bp3(delta):
    return np.array([delta_j for delta_j in delta])


def bp4(delta, a_prev):
    return np.array([[a_k * delta_j for a_k in a_prev] for delta_j in delta])
