"""Backpropagation, one equation per function.

Fill in each function, then run:  backlit grade THIS_FILE.py

Layers are numbered l = 2 … L, as in the lecture. Vectors may be columns (n, 1) or flat (n,), rows or whole batches: use
one convention throughout, and the grader will say which one it found. Arrays are NumPy's.
"""

import numpy as np


def weighted_input(w, a_previous, b):
    """z^l = w^l a^(l-1) + b^l"""
    return w @ a_previous + b


def activation(z):
    """a^l = σ(z^l)"""
    return 1 / (1 + np.exp(-z))


def activation_prime(z):
    """σ′(z^l)"""
    return activation(z) * (1 - activation(z))


def output_error(a, y, z):
    """BP1: the error δ^L of the output layer, from its activation a, the target y and its weighted input z."""
    return (a - y) * activation_prime(z)


def backpropagated_error(w_next, delta_next, z):
    """BP2: the error δ^l, from w^(l+1), δ^(l+1) and z^l."""
    return w_next.T @ delta_next


def bias_gradient(delta):
    """BP3: ∂C/∂b^l, from δ^l."""
    return delta


def weight_gradient(delta, a_previous):
    """BP4: ∂C/∂w^l, from δ^l and a^(l-1)."""
    return delta @ a_previous.T


def update(parameter, gradient, learning_rate):
    """Return a weight matrix or bias after one step of gradient descent."""
    return parameter - learning_rate * gradient
