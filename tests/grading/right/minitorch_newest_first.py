# The number made last is the first to hand its derivative on: a heap of their ids needs no sorting beforehand.
# activation: tanh
import heapq
import itertools
import math

counter = itertools.count()


class TanhFn:
    def forward(self, x):
        self.out = math.tanh(x)
        return self.out

    def backward(self, d):
        return [d * (1 - self.out * self.out)]


class AddFn:
    def forward(self, x, y):
        return x + y

    def backward(self, d):
        return [d, d]


class MulFn:
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, d):
        return [self.y * d, self.x * d]


class Scalar:
    def __init__(self, value, fn=None, parents=()):
        self.value, self.fn, self.parents = value, fn, parents
        self.id = next(counter)
        self.derivative = 0.0

    @staticmethod
    def of(fn, *parents):
        return Scalar(fn.forward(*[p.value for p in parents]), fn, parents)

    def __add__(self, other):
        return Scalar.of(AddFn(), self, other)

    def __mul__(self, other):
        return Scalar.of(MulFn(), self, other)

    def tanh(self):
        return Scalar.of(TanhFn(), self)

    def backward(self):
        self.derivative = 1.0
        heap, known = [(-self.id, self)], {self.id}
        while heap:
            _, node = heapq.heappop(heap)
            if node.fn is None:
                continue
            for parent, d in zip(node.parents, node.fn.backward(node.derivative)):
                parent.derivative += d
                if parent.id not in known:
                    known.add(parent.id)
                    heapq.heappush(heap, (-parent.id, parent))
