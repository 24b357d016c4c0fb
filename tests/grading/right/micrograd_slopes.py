# Each operation returns the pairs of a number and the slope towards it.
import math


class Node:
    def __init__(self, value, edges=()):
        self.value, self.edges, self.grad = value, list(edges), 0.0

    def __add__(self, other):
        return Node(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        edges = [(self, other.value), (other, self.value)]
        return Node(self.value * other.value, edges)

    def sigmoid(self):
        a = 1.0 / (1.0 + math.exp(-self.value))
        return Node(a, [(self, a - a * a)])

    def backward(self, seed=1.0):
        # along every way from the cost to a number: slow, and right
        self.grad += seed
        for node, slope in self.edges:
            node.backward(seed * slope)
