# equation: BP3
# mistake: times_activation
# The backward pass as a recursion: what a layer hands back is what the rest of the network makes of its output.
import numpy as np


def act(z):
    return 1 / (1 + np.exp(-z))


def descend(a, y, weights, biases):
    """Return dC/da and the gradients of the layers from here on."""
    if not weights:
        return a - y, [], []
    z = weights[0] @ a + biases[0]
    upstream, nabla_b, nabla_w = descend(act(z), y, weights[1:], biases[1:])
    delta = upstream * act(z) * (1 - act(z))
    return weights[0].T @ delta, [delta * act(z), *nabla_b], [delta @ a.T, *nabla_w]


def backprop(x, y, weights, biases):
    _, nabla_b, nabla_w = descend(x, y, weights, biases)
    return nabla_b, nabla_w
