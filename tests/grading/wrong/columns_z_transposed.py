# equation: z
# mistake: weights_transposed
import numpy as np


def weighted_input(w, a_previous, b):
    return w.T @ a_previous + b


def activation(z):
    return 1 / (1 + np.exp(-z))


def activation_prime(z):
    return activation(z) * (1 - activation(z))


def output_error(a, y, z):
    return (a - y) * activation_prime(z)


def backpropagated_error(w_next, delta_next, z):
    return (w_next.T @ delta_next) * activation_prime(z)


def bias_gradient(delta):
    return delta


def weight_gradient(delta, a_previous):
    return delta @ a_previous.T


def update(parameter, gradient, learning_rate):
    return parameter - learning_rate * gradient
