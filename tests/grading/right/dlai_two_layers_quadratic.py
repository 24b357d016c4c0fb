# The quadratic cost, and gradients that are computed for one example.
import numpy as np


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def forward_propagation(parameters, X):
    Z1 = parameters["W1"].dot(X) + parameters["b1"]
    A1 = sigma(Z1)
    Z2 = parameters["W2"].dot(A1) + parameters["b2"]
    A2 = sigma(Z2)
    return {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def backward_propagation(parameters, cache, X, Y):
    dA2 = cache["A2"] - Y
    dZ2 = dA2 * cache["A2"] * (1 - cache["A2"])
    dA1 = parameters["W2"].T.dot(dZ2)
    dZ1 = dA1 * cache["A1"] * (1 - cache["A1"])
    gradients = {}
    gradients["dW1"] = dZ1.dot(X.T)
    gradients["db1"] = dZ1.sum(axis=1, keepdims=True)
    gradients["dW2"] = dZ2.dot(cache["A1"].T)
    gradients["db2"] = dZ2.sum(axis=1, keepdims=True)
    for key in gradients:
        gradients[key] = gradients[key] / X.shape[1]
    return gradients
