# Vectors are flat, types are written down, and layers are counted from the front.
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

Vector = np.ndarray
Example = tuple[Vector, Vector]


class Network:
    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self.weights: list[np.ndarray] = []
        self.biases: list[Vector] = []
        for n_in, n_out in zip(self.sizes, self.sizes[1:]):
            self.weights.append(np.random.normal(0, n_in**-0.5, size=(n_out, n_in)))
            self.biases.append(np.random.normal(size=n_out))

    @staticmethod
    def sigmoid(z: Vector) -> Vector:
        return np.reciprocal(1.0 + np.exp(-z))

    @classmethod
    def sigmoid_prime(cls, z: Vector) -> Vector:
        return cls.sigmoid(z) * cls.sigmoid(-z)

    def update_mini_batch(self, mini_batch: Iterable[Example], eta: float) -> None:
        examples = list(mini_batch)
        gradients = [self.backprop(x, y) for x, y in examples]
        for i in range(len(self.weights)):
            self.biases[i] = self.biases[i] - eta * np.mean([nabla_b[i] for nabla_b, _ in gradients], axis=0)
            self.weights[i] = self.weights[i] - eta * np.mean([nabla_w[i] for _, nabla_w in gradients], axis=0)

    def backprop(self, x: Vector, y: Vector) -> tuple[list[Vector], list[np.ndarray]]:
        zs: list[Vector] = []
        activations: list[Vector] = [x]
        for weight, bias in zip(self.weights, self.biases):
            zs.append(weight.dot(activations[-1]) + bias)
            activations.append(self.sigmoid(zs[-1]))
        deltas: list[Vector] = [np.zeros_like(z) for z in zs]
        deltas[-1] = self.cost_derivative(activations[-1], y) * self.sigmoid_prime(zs[-1])
        for i in range(len(zs) - 2, -1, -1):
            deltas[i] = self.weights[i + 1].T.dot(deltas[i + 1]) * self.sigmoid_prime(zs[i])
        return deltas, [np.outer(delta, a) for delta, a in zip(deltas, activations)]

    def cost_derivative(self, output: Vector, y: Vector) -> Vector:
        return output - y
