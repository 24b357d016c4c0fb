# First every error, then every gradient; the cost is a class that also says what it is.
import numpy as np


class QuadraticCost:
    @staticmethod
    def fn(a, y):
        return 0.5 * np.linalg.norm(a - y) ** 2

    @staticmethod
    def delta(z, a, y):
        return (a - y) * sigmoid_prime(z)


class Network(object):
    def __init__(self, sizes, cost=QuadraticCost):
        self.num_layers = len(sizes)
        self.cost = cost
        self.biases = [np.zeros((n, 1)) for n in sizes[1:]]
        self.weights = [np.random.randn(n, m) for m, n in zip(sizes[:-1], sizes[1:])]

    def feed_forward(self, x):
        zs, activations = [], [x]
        for w, b in zip(self.weights, self.biases):
            zs.append(np.matmul(w, activations[-1]) + b)
            activations.append(sigmoid(zs[-1]))
        return zs, activations

    def errors(self, zs, output, y):
        deltas = [self.cost.delta(zs[-1], output, y)]
        for w, z in zip(reversed(self.weights[1:]), reversed(zs[:-1])):
            deltas.append(np.matmul(w.T, deltas[-1]) * sigmoid_prime(z))
        return deltas[::-1]

    def backprop(self, x, y):
        zs, activations = self.feed_forward(x)
        deltas = self.errors(zs, activations[-1], y)
        nabla_w = [np.matmul(delta, a.transpose()) for delta, a in zip(deltas, activations[:-1])]
        return deltas, nabla_w

    def update_mini_batch(self, mini_batch, eta):
        nabla_b, nabla_w = self.backprop_sums(mini_batch)
        for i in range(self.num_layers - 1):
            self.weights[i] -= eta * nabla_w[i] / len(mini_batch)
            self.biases[i] -= eta * nabla_b[i] / len(mini_batch)

    def backprop_sums(self, mini_batch):
        gradients = [self.backprop(x, y) for x, y in mini_batch]
        return [[sum(layer) for layer in zip(*nablas)] for nablas in zip(*gradients)]


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    return np.exp(-z) * sigmoid(z) ** 2
