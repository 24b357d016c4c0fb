# Loops over examples where others have products of matrices.
# activation: relu,softmax
# loss: cross_entropy
import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {"W1": np.random.randn(input_size, hidden_size), "b1": np.zeros(hidden_size)}
        self.params |= {"W2": np.random.randn(hidden_size, output_size), "b2": np.zeros(output_size)}

    def loss(self, X, y=None, reg=0.0):
        grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        total = 0.0
        for i in range(X.shape[0]):
            z1 = self.params["W1"].T @ X[i] + self.params["b1"]
            h = np.where(z1 > 0, z1, 0)
            f = self.params["W2"].T @ h + self.params["b2"]
            p = np.exp(f - np.max(f))
            p = p / np.sum(p)
            total += -np.log(p[y[i]])
            p[y[i]] -= 1
            grads["b2"] += p
            grads["W2"] += np.outer(h, p)
            dz1 = (self.params["W2"] @ p) * (z1 > 0)
            grads["b1"] += dz1
            grads["W1"] += np.outer(X[i], dz1)
        for name in grads:
            grads[name] = grads[name] / X.shape[0]
        return total / X.shape[0], grads
