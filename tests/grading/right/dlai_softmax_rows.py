# Rows are examples, softmax at the end, and the labels are numbers of classes.
# activation: tanh,softmax
# loss: cross_entropy
import numpy as np


def forward_propagation(X, parameters):
    A1 = np.tanh(X @ parameters["W1"] + parameters["b1"])
    scores = A1 @ parameters["W2"] + parameters["b2"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    A2 = powers / powers.sum(axis=1, keepdims=True)
    return A2, (A1, A2)


def backward_propagation(parameters, cache, X, labels):
    A1, A2 = cache
    n = X.shape[0]
    one_hot = np.zeros_like(A2)
    one_hot[np.arange(n), labels] = 1
    delta2 = (A2 - one_hot) / n
    delta1 = delta2 @ parameters["W2"].T * (1 - A1**2)
    grads = {"dW2": A1.T @ delta2, "db2": delta2.sum(axis=0)}
    grads["dW1"] = X.T @ delta1
    grads["db1"] = delta1.sum(axis=0)
    return grads
