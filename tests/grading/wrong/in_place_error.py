# equation: BP1
# mistake: None
# `delta` is the list's own last activation: by the time σ′ is taken of it, y has been subtracted.
import numpy as np


def backprop(x, y, weights, biases):
    acts = [x]
    for w, b in zip(weights, biases):
        acts.append(1 / (1 + np.exp(-(w @ acts[-1] + b))))
    delta = acts[-1]
    delta -= y
    delta *= acts[-1] * (1 - acts[-1])
    nabla_b, nabla_w = [], []
    for i in range(len(weights) - 1, -1, -1):
        nabla_b.insert(0, delta.copy())
        nabla_w.insert(0, delta @ acts[i].T)
        delta = weights[i].T @ delta * acts[i] * (1 - acts[i])
    return nabla_b, nabla_w
