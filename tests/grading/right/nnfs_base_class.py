# Activations share a base class.
# activation: sigmoid,softmax
# loss: cross_entropy
import numpy as np


class Linear:
    def __init__(self, n_inputs, n_outputs):
        self.w = np.random.rand(n_inputs, n_outputs) - 0.5
        self.b = np.zeros((1, n_outputs))

    def forward(self, x):
        self.x = x
        self.out = np.dot(x, self.w) + self.b
        return self.out

    def backward(self, dout):
        self.dw = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0, keepdims=True)
        self.dx = np.dot(dout, self.w.T)
        return self.dx


class Activation:
    def forward(self, x):
        self.out = self.value(x)
        return self.out

    def backward(self, dout):
        return dout * self.slope(self.out)


class Sigmoid(Activation):
    def value(self, x):
        return 1 / (1 + np.exp(-x))

    def slope(self, a):
        return a * (1 - a)


class SoftmaxCrossEntropy:
    def forward(self, scores, labels):
        scores = scores - np.max(scores, axis=1, keepdims=True)
        self.out = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
        self.labels = labels
        return -np.mean(np.log(self.out[np.arange(len(labels)), labels]))

    def backward(self):
        grad = self.out.copy()
        grad[np.arange(len(self.labels)), self.labels] -= 1
        return grad / len(self.labels)
