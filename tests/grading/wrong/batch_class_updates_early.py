# equation: update
# mistake: in_place_damage
import numpy as np


class MLP:
    def __init__(self, layers):
        self.params = {}
        for i in range(1, len(layers)):
            self.params[f"W{i}"] = 0.1 * np.random.randn(layers[i], layers[i - 1])
            self.params[f"b{i}"] = np.zeros((layers[i], 1))
        self.depth = len(layers) - 1

    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.memory = {"A0": X}
        A = X
        for i in range(1, self.depth + 1):
            Z = self.params[f"W{i}"] @ A + self.params[f"b{i}"]
            A = self.sigmoid(Z)
            self.memory[f"Z{i}"], self.memory[f"A{i}"] = Z, A
        return A

    def backward(self, X, Y):
        A = self.forward(X)
        m = X.shape[1]
        grads = {}
        dA = A - Y
        for i in range(self.depth, 0, -1):
            A = self.memory[f"A{i}"]
            dZ = dA * A * (1 - A)
            grads[f"dW{i}"] = dZ @ self.memory[f"A{i - 1}"].T / m
            grads[f"db{i}"] = dZ.sum(axis=1, keepdims=True) / m
            self.params[f"W{i}"] -= 0.1 * grads[f"dW{i}"]
            dA = self.params[f"W{i}"].T @ dZ
        return grads

    def train_step(self, X, Y, lr):
        grads = self.backward(X, Y)
        for key in self.params:
            self.params[key] = self.params[key] - lr * grads["d" + key]
