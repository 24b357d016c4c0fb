import numpy as np


class Net:
    def __init__(self, sizes, learning_rate):
        self.lr = learning_rate
        self.w = [np.random.randn(n, k) for k, n in zip(sizes, sizes[1:])]
        self.b = [np.random.randn(n, 1) for n in sizes[1:]]

    def backpropagate(self, X, Y):
        As = [X]
        for w, b in zip(self.w, self.b):
            As.append(1 / (1 + np.exp(-(w @ As[-1] + b))))
        delta = (As[-1] - Y) * As[-1] * (1 - As[-1])
        dw, db = [], []
        for i in range(len(self.w) - 1, -1, -1):
            dw.append(delta @ As[i].T)
            db.append(delta.sum(axis=1, keepdims=True))
            delta = self.w[i].T @ delta * As[i] * (1 - As[i])
        return dw[::-1], db[::-1]

    def step(self, X, Y):
        dw, db = self.backpropagate(X, Y)
        n = X.shape[1]
        for i in range(len(self.w)):
            self.w[i] = self.w[i] - self.lr / n * dw[i]
            self.b[i] = self.b[i] - self.lr / n * db[i]
