# equation: BP1
# mistake: difference_quotient
# No backpropagation at all, but difference quotients.
import numpy as np


def cost(x, y, weights, biases):
    for w, b in zip(weights, biases):
        x = 1 / (1 + np.exp(-(w @ x + b)))
    return 0.5 * np.sum((x - y) ** 2) / y.shape[1]


def backprop(x, y, weights, biases):
    h = 1e-5
    nabla_b, nabla_w = [np.zeros_like(b) for b in biases], [np.zeros_like(w) for w in weights]
    for arrays, grads in ((weights, nabla_w), (biases, nabla_b)):
        for array, grad in zip(arrays, grads):
            for i in np.ndindex(array.shape):
                old = array[i]
                array[i] = old + h
                high = cost(x, y, weights, biases)
                array[i] = old
                grad[i] = (high - cost(x, y, weights, biases)) / h
    return nabla_b, nabla_w
