# The activation is an object that the constructor takes; what went forward is popped on the way back.
# activation: tanh
import random

import numpy as np


class Tanh:
    def __call__(self, z):
        return np.tanh(z)

    def prime(self, z):
        return 1.0 - np.tanh(z) ** 2


class Sigmoid:
    def __call__(self, z):
        return 1.0 / (1.0 + np.exp(-z))

    def prime(self, z):
        return self(z) * (1.0 - self(z))


class Network:
    def __init__(self, sizes, activation=None):
        self.sizes = sizes
        self.activation = activation or Tanh()
        self.default_weight_initializer()

    def default_weight_initializer(self):
        self.biases = [np.random.randn(n, 1) for n in self.sizes[1:]]
        self.weights = [np.random.randn(n, m) / np.sqrt(m) for m, n in zip(self.sizes, self.sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = self.activation(w @ a + b)
        return a

    def train(self, training_data, epochs, mini_batch_size, eta):
        for _ in range(epochs):
            batch = random.sample(training_data, mini_batch_size)
            self.update_mini_batch(batch, eta)

    def update_mini_batch(self, mini_batch, eta):
        totals = [0.0] * len(self.weights), [0.0] * len(self.weights)
        for x, y in mini_batch:
            for total, nabla in zip(totals, self.backprop(x, y)):
                for i, gradient in enumerate(nabla):
                    total[i] = total[i] + gradient
        for parameters, total in zip((self.biases, self.weights), totals):
            for i in range(len(parameters)):
                parameters[i] = parameters[i] - (eta / len(mini_batch)) * total[i]

    def backprop(self, x, y):
        activation, before = x, []
        for b, w in zip(self.biases, self.weights):
            z = w @ activation + b
            before.append((activation, z))
            activation = self.activation(z)
        error = activation - y
        nabla_b, nabla_w = [], []
        while before:
            a, z = before.pop()
            error = error * self.activation.prime(z)
            nabla_b.insert(0, error)
            nabla_w.insert(0, error @ a.T)
            error = self.weights[len(before)].T @ error
        return nabla_b, nabla_w
