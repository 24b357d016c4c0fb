"""Automatic differentiation of single numbers, in the manner of micrograd and of minitorch's Scalar.

A network of such numbers is built, by the submission's own MLP if it has one; the cost ``½‖y − a‖²`` is put together
with its own + and *, and its own `backward` gives the gradients.

In most networks each operation takes a number once, and then ``grad =`` gives the same as ``grad +=``. So outputs take
detours to the cost that cancel, ``a + f(a) k + f(a) (−k)``, through every operation: a slope that is wrong cancels too,
but gradients that overwrite each other show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.grading.reading.forms.form import Form, Found, first_named
from backlit.grading.reading.student import Inventory

if TYPE_CHECKING:
    from backlit.grading.reading.cases import Task

_NUMBER = ("value", "scalar", "node", "variable", "var")
_NETWORK = ("mlp", "network", "net", "neural_network")
_DATA, _GRADIENT = ("data", "value", "val"), ("grad", "derivative", "gradient")
_DETOUR = 3.0  # far from 1, so that what is lost of it is no rounding error
# of deeper networks a program that follows every way from the cost to a number would never see the end
_LAYERS_WITH_DETOURS = 2
ONCE = "once_given"
"""Among the parts: the cost is rather to be a product with the slope, so that each output is used once."""
_FUNCTIONS = ("sigmoid", "tanh", "relu", "exp")


def recognize(inventory: Inventory, task: Task) -> Found | None:
    """Find the class of a number with + and * and backward, and the class of a network if there is one."""
    methods = {name: {method.name for method in found} for name, found in inventory.classes.items()}
    numbers = [name for name, found in methods.items() if {"__add__", "__mul__", "backward"} <= found]
    number = first_named(numbers, _NUMBER)
    if number is None:
        return None
    parts = {"number": number}
    missing = []
    if task.loss != "quadratic":
        missing.append("the quadratic cost, the only one that it puts together of + and * (--loss quadratic)")
    network = first_named([name for name, found in methods.items() if "__call__" in found], _NETWORK)
    if network is not None:
        parts["network"] = network
    if network is None:
        wanted = sorted({task.hidden, task.output} - {"identity"} - methods[number])
        missing += [f"a method {number}.{sigma}()" for sigma in wanted]
    line = next((method.line for method in inventory.classes[number] if method.name == "backward"), None)
    parts |= {"hidden_sigma": task.hidden, "output_sigma": task.output} if network is None else {}
    return Found(FORM, parts, {number: line}, tuple(missing))


def backprop(
    parts: Mapping[str, Any], memory: dict[str, Any], x: Any, y: Any, weights: list[Any], biases: list[Any]
) -> tuple[list[Any], list[Any]]:
    """Build network and cost of the submission's numbers, and have it go back through them."""
    number = parts["number"]
    inputs = [number(float(value)) for value in x]
    if "network" in parts:
        network = parts["network"](len(inputs), [len(b) for b in biases])
        w = [[list(neuron.w) for neuron in layer.neurons] for layer in network.layers]
        b = [[neuron.b for neuron in layer.neurons] for layer in network.layers]
        _set(w, weights)
        _set(b, biases)
        outputs = network(inputs)
    else:
        w = [[[number(float(value)) for value in row] for row in layer] for layer in weights]
        b = [[number(float(value)) for value in layer] for layer in biases]
        outputs = _feed_forward(inputs, w, b, parts)
    outputs = list(outputs) if isinstance(outputs, Sequence) else [outputs]
    cost = None
    for output, target in zip(outputs, y, strict=True):
        if ONCE in parts:
            slope = float(getattr(output, _first(output, _DATA))) - float(target)
            term = output * number(slope)
        else:
            a = _with_detours(output, number) if len(weights) == _LAYERS_WITH_DETOURS else output
            difference = a + number(-float(target))
            term = difference * difference * number(0.5)
        cost = term if cost is None else cost + term
    assert cost is not None
    cost.backward()
    return [_gradients(layer) for layer in w], [_gradients(layer) for layer in b]


def _with_detours(a: Any, number: Callable[[float], Any]) -> Any:
    """Return the same number, come to by ways that cancel: through each operation, a stands on both of its sides."""
    total = a
    for operation in _operations(number):
        try:
            there, back = operation(a), operation(a)
            finite = math.isfinite(float(getattr(there, _first(there, _DATA))))
        except Exception:  # what the network does not need may be unwritten, or not defined here
            continue
        if finite:
            total = total + (there * number(_DETOUR) + back * number(-_DETOUR))
    return total


def _operations(number: Callable[[float], Any]) -> Iterator[Callable[[Any], Any]]:
    yield lambda a: a + number(0.5)
    yield lambda a: number(0.5) + a
    yield lambda a: a * number(0.5)
    yield lambda a: number(0.5) * a
    yield lambda a: a**2
    yield from map(methodcaller, _FUNCTIONS)


def _feed_forward(a: list[Any], w: list[Any], b: list[Any], parts: Mapping[str, Any]) -> list[Any]:
    for i, (rows, biases) in enumerate(zip(w, b, strict=True)):
        sigma = parts["output_sigma" if i == len(w) - 1 else "hidden_sigma"]
        layer = []
        for row, z in zip(rows, biases, strict=True):
            for weight, value in zip(row, a, strict=True):
                z = z + weight * value
            layer.append(z if sigma == "identity" else getattr(z, sigma)())
        a = layer
    return a


def _set(parameters: Any, values: Any) -> None:
    if isinstance(parameters, list):
        for parameter, value in zip(parameters, values, strict=True):
            _set(parameter, value)
    else:
        setattr(parameters, _first(parameters, _DATA), float(values))


def _first(value: Any, names: Sequence[str]) -> str:
    return next((name for name in names if hasattr(value, name)), names[0])


def _gradients(parameters: Any) -> Any:
    if isinstance(parameters, list):
        return np.array([_gradients(parameter) for parameter in parameters])
    return getattr(parameters, _first(parameters, _GRADIENT))


FORM = Form(
    "scalar_graph",
    "automatic differentiation of single numbers, in the manner of micrograd",
    {"weights_transposed": False, "bias": "flat", "batches": False},
    recognize,
    backprop,
)
