import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def train_step(x, y, weights, biases, eta):
    a = [x]
    z = []
    for w, b in zip(weights, biases):
        z.append(w @ a[-1] + b)
        a.append(sigmoid(z[-1]))
    m = x.shape[1]
    new_weights, new_biases = list(weights), list(biases)
    delta = (a[-1] - y) * sigmoid(z[-1]) * (1 - sigmoid(z[-1]))
    for i in range(len(weights) - 1, -1, -1):
        new_weights[i] = weights[i] - eta * (delta @ a[i].T) / m
        new_biases[i] = biases[i] - eta * delta.mean(axis=1, keepdims=True)
        if i > 0:
            delta = (weights[i].T @ delta) * sigmoid(z[i - 1]) * (1 - sigmoid(z[i - 1]))
    return new_weights, new_biases
