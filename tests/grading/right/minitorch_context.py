# A context saves what the way back needs; a dictionary gathers the derivatives of numbers that are not leaves.
import math
from dataclasses import dataclass, field


@dataclass
class Context:
    saved_values: tuple = ()

    def save_for_backward(self, *values):
        self.saved_values = values


@dataclass
class ScalarHistory:
    last_fn: object = None
    ctx: Context = None
    inputs: tuple = field(default_factory=tuple)


class ScalarFunction:
    @classmethod
    def apply(cls, *values):
        scalars = [v if isinstance(v, Scalar) else Scalar(v) for v in values]
        ctx = Context()
        out = cls.forward(ctx, *[s.data for s in scalars])
        return Scalar(out, ScalarHistory(cls, ctx, tuple(scalars)))


class Add(ScalarFunction):
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, d_output):
        return d_output, d_output


class Mul(ScalarFunction):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d_output):
        a, b = ctx.saved_values
        return b * d_output, a * d_output


class Sigmoid(ScalarFunction):
    @staticmethod
    def forward(ctx, a):
        out = 1.0 / (1.0 + math.exp(-a))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, d_output):
        (out,) = ctx.saved_values
        return (d_output * out * (1.0 - out),)


class Scalar:
    _count = 0

    def __init__(self, v, history=None):
        Scalar._count += 1
        self.unique_id = Scalar._count
        self.data = float(v)
        self.history = history
        self.derivative = None

    def __add__(self, b):
        return Add.apply(self, b)

    def __mul__(self, b):
        return Mul.apply(self, b)

    def sigmoid(self):
        return Sigmoid.apply(self)

    def is_leaf(self):
        return self.history is None

    def accumulate_derivative(self, x):
        if self.derivative is None:
            self.derivative = 0.0
        self.derivative += x

    def chain_rule(self, d_output):
        h = self.history
        return zip(h.inputs, h.last_fn.backward(h.ctx, d_output))

    def backward(self, d_output=1.0):
        backpropagate(self, d_output)


def topological_sort(variable):
    order, seen = [], set()

    def visit(v):
        if v.unique_id in seen:
            return
        seen.add(v.unique_id)
        if not v.is_leaf():
            for parent in v.history.inputs:
                visit(parent)
        order.insert(0, v)

    visit(variable)
    return order


def backpropagate(variable, deriv):
    derivatives = {variable.unique_id: deriv}
    for v in topological_sort(variable):
        d = derivatives[v.unique_id]
        if v.is_leaf():
            v.accumulate_derivative(d)
            continue
        for parent, d_parent in v.chain_rule(d):
            derivatives[parent.unique_id] = derivatives.get(parent.unique_id, 0.0) + d_parent
