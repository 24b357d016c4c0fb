# tanh below, sigmoid and binary cross-entropy at the end; the layer divides by the number of examples.
# activation: tanh,sigmoid
# loss: cross_entropy
import numpy as np


class Layer_Dense:
    def __init__(self, inputs, neurons):
        self.weights = np.random.normal(0, 0.1, (inputs, neurons))
        self.biases = np.zeros((1, neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.matmul(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        n = len(dvalues)
        self.dweights = np.matmul(self.inputs.T, dvalues) / n
        self.dbiases = np.mean(dvalues, axis=0, keepdims=True)
        self.dinputs = np.matmul(dvalues, self.weights.T)


class Activation_Tanh:
    def forward(self, inputs):
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output**2)


class Activation_Sigmoid:
    def forward(self, inputs):
        self.output = 1 / (1 + np.exp(-inputs))

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output) * self.output


class Loss_BinaryCrossentropy:
    def forward(self, y_pred, y_true):
        losses = y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred)
        return -losses.sum(axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = -(y_true / dvalues - (1 - y_true) / (1 - dvalues))
