# equation: BP3
# mistake: sum_instead_of_mean
import numpy as np


def weighted_input(w, a_previous, b):
    return np.dot(w, a_previous) + b


def activation(z):
    return 1 / (1 + np.exp(-z))


def activation_prime(z):
    s = activation(z)
    return s - s**2


def output_error(a, y, z):
    return np.multiply(a - y, activation_prime(z))


def backpropagated_error(w_next, delta_next, z):
    return np.multiply(np.dot(w_next.T, delta_next), activation_prime(z))


def bias_gradient(delta):
    return np.sum(delta, axis=1, keepdims=True)


def weight_gradient(delta, a_previous):
    m = a_previous.shape[1]
    return np.dot(delta, a_previous.T) / m
