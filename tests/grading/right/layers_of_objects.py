# Layers are objects, as in Keras; each keeps its gradients and hands dC/da to the one below.
import numpy as np


class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, delta):
        self.dW, self.db = self.x.T @ delta, delta.sum(axis=0, keepdims=True)
        return delta @ self.W.T


class Sigmoid:
    def forward(self, z):
        self.a = 1 / (1 + np.exp(-z))
        return self.a

    def backward(self, grad):
        return grad * self.a * (1 - self.a)


class Network:
    def __init__(self, sizes):
        self.layers = []
        for n_in, n_out in zip(sizes, sizes[1:]):
            self.layers += [Dense(n_in, n_out), Sigmoid()]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, x, y):
        grad = (self.forward(x) - y) / len(x)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def train_step(self, x, y, lr):
        self.backward(x, y)
        for layer in self.layers[::2]:
            layer.W -= lr * layer.dW
            layer.b -= lr * layer.db
