# Numbers of Python are constants, which nothing is handed back to; the chain rule is the function's.
import math


class Context:
    def __init__(self):
        self.saved = None

    def save(self, *values):
        self.saved = values


class FunctionBase:
    @classmethod
    def apply(cls, *vals):
        ctx = Context()
        data = cls.forward(ctx, *[v.data if isinstance(v, Variable) else v for v in vals])
        return Variable(data, (cls, ctx, vals))

    @classmethod
    def chain_rule(cls, ctx, inputs, d_output):
        derivatives = cls.backward(ctx, d_output)
        if not isinstance(derivatives, tuple):
            derivatives = (derivatives,)
        return [(v, d) for v, d in zip(inputs, derivatives) if isinstance(v, Variable)]


class Add(FunctionBase):
    def forward(ctx, a, b):
        return a + b

    def backward(ctx, d):
        return d, d


class Mul(FunctionBase):
    def forward(ctx, a, b):
        ctx.save(a, b)
        return a * b

    def backward(ctx, d):
        a, b = ctx.saved
        return d * b, d * a


class Sigmoid(FunctionBase):
    def forward(ctx, a):
        s = 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))
        ctx.save(s)
        return s

    def backward(ctx, d):
        (s,) = ctx.saved
        return d * (s - s**2)


class Variable:
    def __init__(self, data, history=None):
        self.data, self.history, self.derivative = data, history, 0.0

    def __add__(self, other):
        return Add.apply(self, other)

    def __radd__(self, other):
        return Add.apply(other, self)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def __rmul__(self, other):
        return Mul.apply(other, self)

    def sigmoid(self):
        return Sigmoid.apply(self)

    def sorted_parents(self):
        order, marked = [], set()
        stack = [(self, False)]
        while stack:
            v, done = stack.pop()
            if done:
                order.append(v)
            elif v not in marked:
                marked.add(v)
                stack.append((v, True))
                if v.history:
                    stack += [(u, False) for u in v.history[2] if isinstance(u, Variable)]
        return order[::-1]

    def backward(self):
        self.derivative = 1.0
        for v in self.sorted_parents():
            if v.history:
                fn, ctx, inputs = v.history
                for u, d in fn.chain_rule(ctx, inputs, v.derivative):
                    u.derivative += d
