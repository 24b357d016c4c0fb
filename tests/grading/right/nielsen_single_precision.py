# Every number is a float32, whatever is handed in.
import numpy as np


def single(arrays):
    return [np.asarray(array, dtype=np.float32) for array in arrays]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Network:
    def __init__(self, sizes):
        self.weights = single(np.random.randn(n, m) for m, n in zip(sizes, sizes[1:]))
        self.biases = single(np.zeros((n, 1)) for n in sizes[1:])

    def backprop(self, x, y):
        weights, biases = single(self.weights), single(self.biases)
        x, y = single([x, y])
        activations = [x]
        for w, b in zip(weights, biases):
            activations.append(sigmoid(w @ activations[-1] + b))
        delta = activations[-1] - y
        nabla_b, nabla_w = [], []
        for i in reversed(range(len(weights))):
            a = activations[i + 1]
            delta = delta * a * (1 - a)
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ activations[i].T)
            delta = weights[i].T @ delta
        return nabla_b, nabla_w

    def update_mini_batch(self, mini_batch, eta):
        self.weights, self.biases = single(self.weights), single(self.biases)
        gradients = [self.backprop(x, y) for x, y in mini_batch]
        step = np.float32(eta / len(mini_batch))
        for nabla_b, nabla_w in gradients:
            self.weights = [w - step * g for w, g in zip(self.weights, nabla_w)]
            self.biases = [b - step * g for b, g in zip(self.biases, nabla_b)]
