# A net of its own affine functions; sizes have defaults.
# activation: relu,softmax
# loss: cross_entropy
import numpy as np


def affine_forward(x, w, b):
    return x.dot(w) + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout.dot(w.T), x.T.dot(dout), dout.sum(axis=0)


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    return np.maximum(a, 0), (fc_cache, a)


def affine_relu_backward(dout, cache):
    fc_cache, a = cache
    return affine_backward(dout * (a > 0), fc_cache)


def softmax_loss(x, y):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(len(y)), y]))
    p[np.arange(len(y)), y] -= 1
    return loss, p / len(y)


class TwoLayerNet:
    def __init__(self, input_dim=12, hidden_dim=7, num_classes=3, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {"W1": weight_scale * np.random.randn(input_dim, hidden_dim), "b1": np.zeros(hidden_dim)}
        self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        p = self.params
        hidden, cache1 = affine_relu_forward(X, p["W1"], p["b1"])
        scores, cache2 = affine_forward(hidden, p["W2"], p["b2"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads = {}
        dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, cache2)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, cache1)
        for name in ("W1", "W2"):
            loss += 0.5 * self.reg * np.sum(p[name] ** 2)
            grads[name] += self.reg * p[name]
        return loss, grads
