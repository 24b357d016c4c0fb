# equation: BP4
# mistake: outer_product_transposed
import numpy as np


def weighted_input(W, X, b):
    return X @ W + b


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_derivative(a):
    return a * (1 - a)


def output_error(a, y):
    return (a - y) * sigmoid_derivative(a)


def backpropagated_error(w_next, delta_next, a):
    return delta_next @ w_next.T * sigmoid_derivative(a)


def bias_gradient(delta):
    return delta.sum(axis=0) / len(delta)


def weight_gradient(delta, a_prev):
    return delta.T @ a_prev / len(delta)


def update(param, grad, lr):
    return param - lr * grad
