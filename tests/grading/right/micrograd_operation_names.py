# A number remembers the name of its operation, and one function knows every slope.
import math


class Value:
    def __init__(self, data, op="", inputs=()):
        self.data, self.op, self.inputs, self.grad = data, op, inputs, 0.0

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, "+", (self, other))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, "*", (self, other))

    __radd__, __rmul__ = __add__, __mul__

    def sigmoid(self):
        return Value(1 / (1 + math.exp(-self.data)), "sigmoid", (self,))

    def slopes(self):
        if self.op == "+":
            return [1.0, 1.0]
        if self.op == "*":
            left, right = self.inputs
            return [right.data, left.data]
        if self.op == "sigmoid":
            return [self.data * (1 - self.data)]
        return []

    def backward(self):
        # a number's turn comes when every use of it has had its own
        waiting = {}
        stack, seen = [self], {id(self)}
        while stack:
            for v in stack.pop().inputs:
                waiting[id(v)] = waiting.get(id(v), 0) + 1
                if id(v) not in seen:
                    seen.add(id(v))
                    stack.append(v)
        self.grad = 1.0
        ready = [self]
        while ready:
            out = ready.pop()
            for v, slope in zip(out.inputs, out.slopes()):
                v.grad += slope * out.grad
                waiting[id(v)] -= 1
                if waiting[id(v)] == 0:
                    ready.append(v)
