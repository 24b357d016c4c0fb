# Two fixed layers in the dictionary of an object.
import numpy as np


class NeuralNetwork:
    def __init__(self, layer_dims):
        self.parameters = {}
        for l in range(1, len(layer_dims)):
            self.parameters["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1])
            self.parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))

    def sigmoid(self, Z):
        return 1 / (1 + np.exp(-Z))

    def forward_propagation(self, X):
        p = self.parameters
        A1 = self.sigmoid(p["W1"] @ X + p["b1"])
        A2 = self.sigmoid(p["W2"] @ A1 + p["b2"])
        return A2, {"A1": A1, "A2": A2}

    def backward_propagation(self, X, Y):
        A2, cache = self.forward_propagation(X)
        A1 = cache["A1"]
        m = X.shape[1]
        dZ2 = (A2 - Y) * A2 * (1 - A2)
        dZ1 = self.parameters["W2"].T @ dZ2 * A1 * (1 - A1)
        grads = {"dW2": dZ2 @ A1.T / m, "db2": np.sum(dZ2, axis=1, keepdims=True) / m}
        grads["dW1"] = dZ1 @ X.T / m
        grads["db1"] = np.sum(dZ1, axis=1, keepdims=True) / m
        return grads
