# σ is put together of exp and powers, so that its derivative comes by itself.
import math


class Value:
    def __init__(self, data, children=()):
        self.data = float(data)
        self.grad = 0.0
        self.children = children
        self.push = lambda: None

    def __add__(self, other):
        other = as_value(other)
        out = Value(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    def __mul__(self, other):
        other = as_value(other)
        out = Value(self.data * other.data, (self, other))

        def push():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data

        out.push = push
        return out

    def __pow__(self, n):
        out = Value(self.data**n, (self,))

        def push():
            self.grad += out.grad * n * self.data ** (n - 1)

        out.push = push
        return out

    def exp(self):
        out = Value(math.exp(self.data), (self,))

        def push():
            self.grad += out.grad * out.data

        out.push = push
        return out

    def sigmoid(self):
        return ((self * -1).exp() + 1) ** -1

    def backward(self):
        topo, seen = [], set()

        def build(v):
            if v not in seen:
                seen.add(v)
                for c in v.children:
                    build(c)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v.push()


def as_value(v):
    return v if isinstance(v, Value) else Value(v)


class Neuron:
    def __init__(self, n):
        self.w, self.b = [Value(0.1) for _ in range(n)], Value(0)

    def __call__(self, x):
        total = self.b
        for w, v in zip(self.w, x):
            total = total + w * v
        return total.sigmoid()


class Layer:
    def __init__(self, n, k):
        self.neurons = [Neuron(n) for _ in range(k)]

    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]


class MLP:
    def __init__(self, n_in, n_outs):
        widths = [n_in, *n_outs]
        self.layers = [Layer(a, b) for a, b in zip(widths[:-1], widths[1:])]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
