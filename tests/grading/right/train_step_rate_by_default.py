# The learning rate is an argument of the constructor that need not be given.
import numpy as np


class MLP:
    def __init__(self, sizes, lr=0.1):
        self.lr = lr
        self.weights = [np.random.normal(size=(m, n)) for m, n in zip(sizes, sizes[1:])]
        self.biases = [np.zeros((1, n)) for n in sizes[1:]]

    def train_step(self, X, y):
        a = [X]
        for W, b in zip(self.weights, self.biases):
            a.append(1 / (1 + np.exp(-(a[-1] @ W + b))))
        d = (a[-1] - y) * a[-1] * (1 - a[-1]) / len(X)
        for i in range(len(self.weights) - 1, -1, -1):
            gW, gb = a[i].T @ d, d.sum(axis=0, keepdims=True)
            if i:
                d = (d @ self.weights[i].T) * a[i] * (1 - a[i])
            self.weights[i] -= self.lr * gW
            self.biases[i] -= self.lr * gb
