# equation: update
# mistake: learning_rate_divides
# Parameters as a list of pairs inside an object, gradients as pairs too, and a step that maps over both.
import numpy as np


class Model:
    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.params = [(rng.normal(size=(i, o)), rng.normal(size=o)) for i, o in zip(sizes, sizes[1:])]

    def gradients(self, x, y):
        acts = [x]
        for w, b in self.params:
            acts.append(1 / (1 + np.exp(-(acts[-1] @ w + b))))
        grads, back = [], (acts[-1] - y) / len(x)
        for (w, _), a_in, a_out in zip(self.params[::-1], acts[-2::-1], acts[:0:-1]):
            delta = back * a_out * (1 - a_out)
            grads.append((a_in.T @ delta, delta.sum(0)))
            back = delta @ w.T
        return grads[::-1]

    def train_step(self, x, y, lr):
        grads = self.gradients(x, y)
        self.params = [(w - dw / lr, b - db / lr) for (w, b), (dw, db) in zip(self.params, grads)]
