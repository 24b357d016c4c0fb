# equation: BP2
# mistake: None
import math


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def backprop(x, y, weights, biases):
    # everything one number at a time
    activations = [list(x)]
    for w, b in zip(weights, biases):
        a_out = []
        for j in range(len(b)):
            z = b[j]
            for k in range(len(activations[-1])):
                z += w[j][k] * activations[-1][k]
            a_out.append(sigmoid(z))
        activations.append(a_out)
    delta = []
    for j in range(len(y)):
        a = activations[-1][j]
        delta.append((a - y[j]) * a * (1 - a))
    nabla_b, nabla_w = [], []
    for i in reversed(range(len(weights))):
        nabla_b.insert(0, delta)
        nabla_w.insert(0, [[d * a for a in activations[i]] for d in delta])
        if i > 0:
            before = []
            for k in range(len(activations[i])):
                total = 0.0
                for j in range(len(delta)):
                    total += weights[i][j][k] * delta[j]
                a = activations[i][k]
                before.append(total * a * (1 - a))
            delta = before if i == 1 else before[:1] * len(before)
    return nabla_b, nabla_w
