# equation: update
# mistake: in_place_damage
import numpy as np


class NN:
    def __init__(self, weights, biases):
        self.W = weights
        self.b = biases

    def gradients(self, x, y):
        a = x
        A = [x]
        for W, b in zip(self.W, self.b):
            a = 1 / (1 + np.exp(-(W @ a + b)))
            A.append(a)
        d = (a - y) * a * (1 - a)
        out = []
        for i in range(len(self.W) - 1, -1, -1):
            out.append((np.outer(d, A[i]), d))
            self.W[i] = self.W[i] - 0.1 * np.outer(d, A[i])
            d = (self.W[i].T @ d) * A[i] * (1 - A[i])
        out.reverse()
        return [w for w, _ in out], [b for _, b in out]
