# equation: BP2
# mistake: missing_sigma_prime
# Layers are objects, as in Keras; each hands dC/da to the one below, and the hidden ones forget their σ′.
import numpy as np


class Dense:
    def __init__(self, n_in, n_out, last):
        self.W = np.random.randn(n_out, n_in)
        self.b = np.random.randn(n_out, 1)
        self.last = last

    def forward(self, x):
        self.x = x
        self.a = 1 / (1 + np.exp(-(self.W @ x + self.b)))
        return self.a

    def backward(self, grad):
        delta = grad * self.a * (1 - self.a) if self.last else grad
        self.dW, self.db = delta @ self.x.T, delta
        return self.W.T @ delta


class Network:
    def __init__(self, sizes):
        self.layers = [Dense(k, j, i == len(sizes) - 2) for i, (k, j) in enumerate(zip(sizes, sizes[1:]))]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, x, y):
        grad = self.forward(x) - y
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return [layer.db for layer in self.layers], [layer.dW for layer in self.layers]
