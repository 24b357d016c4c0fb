# Hidden layers have relu, the last is linear, as a flag says.
# activation: relu,identity
import random


class Value:
    def __init__(self, data, _prev=(), _op=""):
        self.data = data
        self.grad = 0
        self._prev = _prev
        self._op = _op

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), "+")

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), "*")

    def relu(self):
        return Value(max(0.0, self.data), (self,), "relu")

    def _hand_on(self):
        if self._op == "+":
            for parent in self._prev:
                parent.grad += self.grad
        elif self._op == "*":
            left, right = self._prev
            left.grad += right.data * self.grad
            right.grad += left.data * self.grad
        elif self._op == "relu":
            self._prev[0].grad += (self.data > 0) * self.grad

    def backward(self):
        topo = []

        def build(v):
            if v not in topo:
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1
        for v in topo[::-1]:
            v._hand_on()


class Neuron:
    def __init__(self, nin, nonlin=True):
        self.w = [Value(random.gauss(0, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin

    def __call__(self, x):
        act = self.b
        for wi, xi in zip(self.w, x):
            act = act + wi * xi
        return act.relu() if self.nonlin else act


class Layer:
    def __init__(self, nin, nout, **kwargs):
        self.neurons = [Neuron(nin, **kwargs) for _ in range(nout)]

    def __call__(self, x):
        return [n(x) for n in self.neurons]


class MLP:
    def __init__(self, nin, nouts):
        sz = [nin] + nouts
        self.layers = [Layer(sz[i], sz[i + 1], nonlin=i != len(nouts) - 1) for i in range(len(nouts))]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
