# Functions call operators, each with its own way back; hidden neurons are ReLUs, outputs have no activation.
# activation: relu,identity


def mul(x, y):
    return x * y


def neg(x):
    return -x


def relu(x):
    return x if x > 0 else 0.0


def relu_back(x, d):
    return d if x > 0 else 0.0


class Function:
    def __init__(self, *saved):
        self.saved = saved

    @classmethod
    def apply(cls, *inputs):
        fn = cls(*[v.data for v in inputs])
        return Variable(fn.forward(), fn, inputs)


class Add(Function):
    def forward(self):
        x, y = self.saved
        return x + y

    def backward(self, d):
        return [d, d]


class Neg(Function):
    def forward(self):
        return neg(self.saved[0])

    def backward(self, d):
        return [neg(d)]


class Mul(Function):
    def forward(self):
        return mul(*self.saved)

    def backward(self, d):
        x, y = self.saved
        return [mul(y, d), mul(x, d)]


class ReLU(Function):
    def forward(self):
        return relu(self.saved[0])

    def backward(self, d):
        return [relu_back(self.saved[0], d)]


class Variable:
    def __init__(self, data, last_fn=None, inputs=()):
        self.data, self.last_fn, self.inputs = data, last_fn, inputs
        self.derivative = 0.0

    def __add__(self, other):
        return Add.apply(self, other)

    def __sub__(self, other):
        return Add.apply(self, Neg.apply(other))

    def __mul__(self, other):
        return Mul.apply(self, other)

    def relu(self):
        return ReLU.apply(self)

    def parents_first(self, seen):
        if id(self) not in seen:
            seen.add(id(self))
            for v in self.inputs:
                yield from v.parents_first(seen)
            yield self

    def backward(self):
        self.derivative = 1.0
        for v in reversed(list(self.parents_first(set()))):
            if v.last_fn is not None:
                for parent, d in zip(v.inputs, v.last_fn.backward(v.derivative)):
                    parent.derivative = parent.derivative + d
