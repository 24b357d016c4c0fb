# equation: BP2
# mistake: sigma_prime_twice
# Nothing but Python's lists.
import math
import random


class NeuralNet:
    def __init__(self, layer_sizes):
        self.layer_sizes = layer_sizes
        self.weights = [
            [[random.gauss(0, 1) for _ in range(m)] for _ in range(n)] for m, n in zip(layer_sizes, layer_sizes[1:])
        ]
        self.biases = [[random.gauss(0, 1) for _ in range(n)] for n in layer_sizes[1:]]

    def forward(self, x):
        self.zs, self.acts = [], [list(x)]
        for w, b in zip(self.weights, self.biases):
            z = [sum(wjk * ak for wjk, ak in zip(row, self.acts[-1])) + bj for row, bj in zip(w, b)]
            self.zs.append(z)
            self.acts.append([1 / (1 + math.exp(-zj)) for zj in z])
        return self.acts[-1]

    def backprop(self, x, y):
        out = self.forward(x)
        delta = [(a - t) * a * (1 - a) for a, t in zip(out, y)]
        nabla_w, nabla_b = [], []
        for l in reversed(range(len(self.weights))):
            nabla_b.insert(0, delta)
            nabla_w.insert(0, [[d * a for a in self.acts[l]] for d in delta])
            if l > 0:
                back = [sum(self.weights[l][j][k] * delta[j] for j in range(len(delta))) for k in range(len(self.acts[l]))]
                delta = [b * (a * (1 - a)) ** 2 for b, a in zip(back, self.acts[l])]
        return nabla_w, nabla_b
