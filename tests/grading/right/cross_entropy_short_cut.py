# loss: cross_entropy
import numpy as np


class Net:
    def __init__(self, sizes):
        self.sizes = sizes
        self.weights = [np.random.randn(m, n) / np.sqrt(n) for n, m in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros((m, 1)) for m in sizes[1:]]

    def sig(self, z):
        return 1 / (1 + np.exp(-z))

    def backprop(self, x, y):
        outputs = [x]
        for w, b in zip(self.weights, self.biases):
            outputs.append(self.sig(w @ outputs[-1] + b))
        # sigmoid and cross-entropy: sigma prime cancels
        delta = outputs[-1] - y
        nabla_b, nabla_w = [delta], [delta @ outputs[-2].T]
        for i in range(len(self.weights) - 1, 0, -1):
            delta = self.weights[i].T @ delta * outputs[i] * (1 - outputs[i])
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ outputs[i - 1].T)
        return nabla_b, nabla_w
