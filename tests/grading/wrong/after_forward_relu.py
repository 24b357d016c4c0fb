# equation: a
# mistake: wrong_sigma
import numpy as np


class Net:
    def __init__(self, layer_sizes, lr=0.1):
        self.lr = lr
        self.weights = [np.random.randn(a, b) for a, b in zip(layer_sizes, layer_sizes[1:])]
        self.biases = [np.zeros(b) for b in layer_sizes[1:]]

    def sigmoid(self, z):
        return np.maximum(0, z)

    def forward(self, x):
        self.acts = [x]
        for W, b in zip(self.weights, self.biases):
            self.acts.append(self.sigmoid(self.acts[-1] @ W + b))
        return self.acts[-1]

    def backward(self, y):
        m = len(y)
        d = (self.acts[-1] - y) * self.acts[-1] * (1 - self.acts[-1])
        self.dW = [None] * len(self.weights)
        self.db = [None] * len(self.weights)
        for i in reversed(range(len(self.weights))):
            self.dW[i] = self.acts[i].T @ d / m
            self.db[i] = d.mean(axis=0)
            d = d @ self.weights[i].T * self.acts[i] * (1 - self.acts[i])
