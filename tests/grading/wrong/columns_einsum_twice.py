# equation: a
# mistake: activation_twice
# A batch whose columns are examples, in a class with names of its own, by einsum.
import numpy as np


class MLP:
    def __init__(self, topology):
        self.Ws = [np.random.randn(j, k) for k, j in zip(topology, topology[1:])]
        self.bs = [np.zeros((j, 1)) for j in topology[1:]]

    @staticmethod
    def squash(u):
        return 0.5 * (1 + np.tanh(u / 2))

    def forward(self, X):
        self.layers = [X]
        for W, b in zip(self.Ws, self.bs):
            self.layers.append(self.squash(self.squash(np.einsum("jk,kn->jn", W, self.layers[-1]) + b)))
        return self.layers[-1]

    def backward(self, X, Y):
        out = self.forward(X)
        n = X.shape[1]
        err = (out - Y) * out * (1 - out)
        dW, db = [None] * len(self.Ws), [None] * len(self.bs)
        for i in range(len(self.Ws) - 1, -1, -1):
            dW[i] = np.einsum("jn,kn->jk", err, self.layers[i]) / n
            db[i] = np.einsum("jn->j", err)[:, None] / n
            err = np.einsum("jk,jn->kn", self.Ws[i], err) * self.layers[i] * (1 - self.layers[i])
        return dW, db
