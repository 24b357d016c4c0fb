import numpy as np


def weighted_input(w, a_prev, b):
    return w @ a_prev + b


def activation(z):
    return 1 / (1 + np.exp(-z))


def activation_prime(z):
    return activation(z) * (1 - activation(z))


def output_error(a, y, z):
    return (a - y) * activation_prime(z) / y.shape[1]


def backpropagated_error(w_next, delta_next, z):
    return w_next.T @ delta_next * activation_prime(z)


def bias_gradient(delta):
    return delta.sum(axis=1, keepdims=True)


def weight_gradient(delta, a_prev):
    return delta @ a_prev.T
