# equation: a
# mistake: wrong_sigma
# activation: softmax
# loss: cross_entropy
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=0, keepdims=True)


def backprop(X, Y, weights, biases):
    acts = [X]
    for i, (w, b) in enumerate(zip(weights, biases)):
        z = acts[-1] @ w + b
        acts.append(softmax(z) if i == len(weights) - 1 else sigmoid(z))
    delta = (acts[-1] - Y) / X.shape[0]
    dW, db = [], []
    for i in reversed(range(len(weights))):
        dW.insert(0, acts[i].T @ delta)
        db.insert(0, delta.sum(axis=0))
        if i:
            delta = delta @ weights[i].T * acts[i] * (1 - acts[i])
    return {"dW": dW, "db": db}
