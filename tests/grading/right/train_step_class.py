import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Network:
    def __init__(self, sizes):
        self.weights = [np.random.randn(n, k) for k, n in zip(sizes, sizes[1:])]
        self.biases = [np.random.randn(n) for n in sizes[1:]]

    def learn(self, x, y, eta):
        activations = [x]
        for w, b in zip(self.weights, self.biases):
            activations.append(sigmoid(w.dot(activations[-1]) + b))
        out = activations[-1]
        delta = (out - y) * out * (1 - out)
        for i in reversed(range(len(self.weights))):
            a = activations[i]
            earlier = self.weights[i].T.dot(delta) * a * (1 - a)
            self.weights[i] = self.weights[i] - eta * np.outer(delta, a)
            self.biases[i] = self.biases[i] - eta * delta
            delta = earlier
