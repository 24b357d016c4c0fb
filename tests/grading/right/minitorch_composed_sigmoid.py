# σ is put together of Neg, Exp, Add and Inv, and a network of the student's own holds the numbers.
import math
import random


class Neg:
    forward = staticmethod(lambda ctx, x: -x)
    backward = staticmethod(lambda ctx, d: (-d,))


class Exp:
    @staticmethod
    def forward(ctx, x):
        ctx["y"] = math.exp(x)
        return ctx["y"]

    @staticmethod
    def backward(ctx, d):
        return (d * ctx["y"],)


class Inv:
    @staticmethod
    def forward(ctx, x):
        ctx["x"] = x
        return 1 / x

    @staticmethod
    def backward(ctx, d):
        return (-d / ctx["x"] ** 2,)


class Add:
    forward = staticmethod(lambda ctx, x, y: x + y)
    backward = staticmethod(lambda ctx, d: (d, d))


class Mul:
    @staticmethod
    def forward(ctx, x, y):
        ctx["xy"] = x, y
        return x * y

    @staticmethod
    def backward(ctx, d):
        x, y = ctx["xy"]
        return d * y, d * x


def apply(fn, *inputs):
    ctx = {}
    out = Scalar(fn.forward(ctx, *(v.data for v in inputs)))
    out.fn, out.ctx, out.inputs = fn, ctx, inputs
    return out


class Scalar:
    fn, ctx, inputs = None, None, ()

    def __init__(self, data):
        self.data = data
        self.derivative = 0.0

    def __add__(self, other):
        return apply(Add, self, other)

    def __mul__(self, other):
        return apply(Mul, self, other)

    def sigmoid(self):
        return apply(Inv, Scalar(1.0) + apply(Exp, apply(Neg, self)))

    def ancestors(self, found):
        for v in self.inputs:
            if v not in found:
                v.ancestors(found)
        found[self] = None
        return found

    def backward(self):
        self.derivative = 1.0
        for v in reversed(self.ancestors({})):
            if v.fn:
                for parent, d in zip(v.inputs, v.fn.backward(v.ctx, v.derivative)):
                    parent.derivative += d


class Neuron:
    def __init__(self, n_inputs):
        self.w = [Scalar(random.random() - 0.5) for _ in range(n_inputs)]
        self.b = Scalar(0.0)

    def __call__(self, xs):
        z = self.b
        for w, x in zip(self.w, xs):
            z = z + x * w
        return z.sigmoid()


class Layer:
    def __init__(self, n_inputs, n_outputs):
        self.neurons = [Neuron(n_inputs) for _ in range(n_outputs)]

    def __call__(self, xs):
        return [neuron(xs) for neuron in self.neurons]


class Network:
    def __init__(self, n_inputs, sizes):
        self.layers = [Layer(m, n) for m, n in zip([n_inputs, *sizes], sizes)]

    def __call__(self, xs):
        for layer in self.layers:
            xs = layer(xs)
        return xs
