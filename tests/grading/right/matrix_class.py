# The class of old tutorials, on np.matrix, whose * is a product of matrices.
import warnings

import numpy as np

warnings.simplefilter("ignore", PendingDeprecationWarning)


class Network:
    def __init__(self, sizes):
        self.weights = [np.matrix(np.random.randn(j, k)) for k, j in zip(sizes, sizes[1:])]
        self.biases = [np.matrix(np.random.randn(j, 1)) for j in sizes[1:]]

    def backprop(self, x, y):
        a, zs, activations = np.matrix(x), [], [np.matrix(x)]
        for w, b in zip(self.weights, self.biases):
            z = np.asmatrix(w) * a + np.asmatrix(b)
            a = 1 / (1 + np.exp(-z))
            zs.append(z)
            activations.append(a)
        delta = np.multiply(a - np.asmatrix(y), np.multiply(a, 1 - a))
        nabla_b, nabla_w = [delta], [delta * activations[-2].T]
        for l in range(2, len(self.weights) + 1):
            a = activations[-l]
            delta = np.multiply(np.asmatrix(self.weights[-l + 1]).T * delta, np.multiply(a, 1 - a))
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta * activations[-l - 1].T)
        return nabla_b, nabla_w
