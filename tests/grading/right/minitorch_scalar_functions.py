# In the manner of minitorch: functions with forward and backward, numbers that remember which made them.
import math


class Add:
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, d):
        return d, d


class Mul:
    @staticmethod
    def forward(ctx, a, b):
        ctx.append((a, b))
        return a * b

    @staticmethod
    def backward(ctx, d):
        a, b = ctx[0]
        return b * d, a * d


class Sigmoid:
    @staticmethod
    def forward(ctx, a):
        s = 1 / (1 + math.exp(-a))
        ctx.append(s)
        return s

    @staticmethod
    def backward(ctx, d):
        return (d * ctx[0] * (1 - ctx[0]),)


class Scalar:
    def __init__(self, data, history=None):
        self.data = data
        self.derivative = 0.0
        self.history = history

    def apply(function, *inputs):
        ctx = []
        return Scalar(function.forward(ctx, *[v.data for v in inputs]), (function, ctx, inputs))

    def __add__(self, other):
        return Scalar.apply(Add, self, other)

    def __mul__(self, other):
        return Scalar.apply(Mul, self, other)

    def sigmoid(self):
        return Scalar.apply(Sigmoid, self)

    def chain_rule(self):
        function, ctx, inputs = self.history
        return zip(inputs, function.backward(ctx, self.derivative))

    def backward(self, d_output=1.0):
        order = []

        def visit(v):
            if id(v) not in [id(other) for other in order]:
                for parent in v.history[2] if v.history else ():
                    visit(parent)
                order.append(v)

        visit(self)
        self.derivative = d_output
        for v in reversed(order):
            if v.history:
                for parent, d in v.chain_rule():
                    parent.derivative += d
