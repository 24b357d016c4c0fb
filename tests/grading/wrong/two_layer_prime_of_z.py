# equation: BP2
# mistake: sigma_prime_expects_a
import numpy as np


class TwoLayerNet:
    def __init__(self, n_inputs, n_hidden, n_outputs):
        rng = np.random.default_rng(1)
        self.W1 = rng.normal(size=(n_inputs, n_hidden))
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = rng.normal(size=(n_hidden, n_outputs))
        self.b2 = np.zeros((1, n_outputs))

    def sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = self.sigmoid(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        self.a2 = self.sigmoid(self.z2)
        return self.a2

    def backward(self, X, y):
        self.forward(X)
        m = X.shape[0]
        d2 = (self.a2 - y) * self.a2 * (1 - self.a2)
        d1 = d2 @ self.W2.T * self.z1 * (1 - self.z1)
        self.dW2 = self.a1.T @ d2 / m
        self.db2 = np.sum(d2, axis=0, keepdims=True) / m
        self.dW1 = X.T @ d1 / m
        self.db1 = np.sum(d1, axis=0, keepdims=True) / m
