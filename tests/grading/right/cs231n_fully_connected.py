# Any number of layers, given by the hidden ones.
# activation: relu,softmax
# loss: cross_entropy
import numpy as np


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=8, num_classes=4, reg=0.0):
        dims = [input_dim, *hidden_dims, num_classes]
        self.num_layers = len(dims) - 1
        self.reg = reg
        self.params = {}
        for i in range(1, len(dims)):
            self.params[f"W{i}"] = np.random.randn(dims[i - 1], dims[i])
            self.params[f"b{i}"] = np.zeros(dims[i])

    def loss(self, X, y=None):
        inputs = [X]
        for i in range(1, self.num_layers + 1):
            out = inputs[-1] @ self.params[f"W{i}"] + self.params[f"b{i}"]
            if i < self.num_layers:
                out = np.maximum(0, out)
            inputs.append(out)
        scores = inputs.pop()
        if y is None:
            return scores
        n = len(X)
        scores = scores - scores.max(axis=1, keepdims=True)
        probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss = -np.log(probs[range(n), y]).sum() / n
        d = probs.copy()
        d[range(n), y] -= 1
        d /= n
        grads = {}
        for i in range(self.num_layers, 0, -1):
            grads[f"W{i}"] = inputs[i - 1].T @ d + self.reg * self.params[f"W{i}"]
            grads[f"b{i}"] = d.sum(axis=0)
            d = (d @ self.params[f"W{i}"].T) * (inputs[i - 1] > 0)
        return loss, grads
