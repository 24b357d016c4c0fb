"""Layers as objects with forward and backward, in the manner of "Neural Networks from Scratch": nothing joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.grading.reading.forms.form import Form, Found, first_named
from backlit.grading.reading.student import Inventory

if TYPE_CHECKING:
    from backlit.grading.reading.cases import Task

_DENSE = ("layer_dense", "dense", "dense_layer", "linear", "linear_layer", "layer_linear", "fully_connected", "affine")
_LOSSES = {
    "quadratic": ("loss_quadratic", "quadratic_loss", "quadratic_cost", "quadratic", "loss_mean_squared_error", "mse"),
    "sigmoid": ("loss_binary_cross_entropy", "binary_cross_entropy", "loss_cross_entropy", "cross_entropy", "bce"),
    "softmax": ("loss_categorical_cross_entropy", "categorical_cross_entropy", "loss_cross_entropy", "cross_entropy"),
}
_WITH_SOFTMAX = (
    *("activation_softmax_loss_categorical_cross_entropy", "softmax_cross_entropy", "softmax_cross_entropy_loss"),
    *("softmax_with_loss", "softmax_loss"),
)
_WEIGHTS, _BIASES = ("weights", "W", "w", "weight"), ("biases", "b", "bias")
_OUTPUT, _GRADIENT = ("output", "outputs", "out", "a"), ("dinputs", "dinput", "dx", "grad_input", "dX")
_NABLA = {
    "w": ("dweights", "dW", "dw", "grad_weights", "grad_W", "grad_w", "weights_grad", "d_weights", "nabla_w"),
    "b": ("dbiases", "db", "dbias", "grad_biases", "grad_bias", "grad_b", "biases_grad", "d_biases", "nabla_b"),
}


def recognize(inventory: Inventory, task: Task) -> Found | None:
    """Find the classes of a layer, of the activations asked for, and of the loss."""
    two_way = {
        name: methods
        for name, methods in inventory.classes.items()
        if {"forward", "backward"} <= {method.name for method in methods}
    }
    dense = first_named(two_way, _DENSE)
    if dense is None:
        return None
    parts = {"dense": dense}
    missing = []
    both = first_named(two_way, _WITH_SOFTMAX) if task.output == "softmax" else None
    for place, sigma in (("hidden", task.hidden), ("output", task.output)):
        if sigma == "identity" or (place == "output" and both is not None):
            continue
        ways = (f"activation_{sigma}", sigma, f"{sigma}_activation", f"{sigma}_layer", f"layer_{sigma}")
        name = first_named(two_way, ways)
        if name is None:
            missing.append(f"a class Activation_{sigma.title()} with forward and backward")
        else:
            parts[place] = name
    which = task.output if task.loss == "cross_entropy" else task.loss
    known = _LOSSES.get(which, (f"loss_{task.loss}", task.loss))
    loss = both or first_named(two_way, (*known, *(f"{name}_loss" for name in known)))
    if loss is None:
        missing.append(f"a class for the loss, such as {known[0].title().replace('_', '')}, with forward and backward")
    else:
        parts["both" if both else "loss"] = loss
    lines = {name: next((m.line for m in two_way[name] if m.name == "backward"), None) for name in parts.values()}
    return Found(FORM, parts, lines, tuple(dict.fromkeys(missing)))


def backprop(
    parts: Mapping[str, Any], memory: dict[str, Any], x: Any, y: Any, weights: list[Any], biases: list[Any]
) -> tuple[list[Any], list[Any], float | None]:
    """Join layers, activations and the loss, and go forward and back through the chain."""
    if not memory:  # the same objects a second time, so that what they gather shows
        memory["layers"] = [parts["dense"](*_sizes(b, w)) for w, b in zip(weights, biases, strict=True)]
        last = len(weights) - 1
        places = ["output" if i == last else "hidden" for i in range(len(weights))]
        memory["activations"] = [parts[place]() if place in parts else None for place in places]
        memory["loss"] = parts["both" if "both" in parts else "loss"]()
    a = x
    chain = []
    for layer, activation, w, b in zip(memory["layers"], memory["activations"], weights, biases, strict=True):
        setattr(layer, _first(layer, _WEIGHTS), w)
        setattr(layer, _first(layer, _BIASES), b)
        for part in (layer, activation) if activation is not None else (layer,):
            a = _value(part, part.forward(a), _OUTPUT)
            chain.append(part)
    loss = memory["loss"]
    value = loss.forward(a, y)
    cost = _cost(loss, value, a, y)
    if "both" in parts:
        a = getattr(loss, _first(loss, _OUTPUT), value)
    n_asked = loss.backward.__code__.co_argcount - 1 - len(loss.backward.__defaults__ or ())
    gradient = _value(loss, loss.backward(*(a, y)[:n_asked]), _GRADIENT)
    for part in reversed(chain):
        gradient = _value(part, part.backward(gradient), _GRADIENT)
    nabla_w, nabla_b = (
        [getattr(layer, _first(layer, _NABLA[kind])) for layer in memory["layers"]] for kind in ("w", "b")
    )
    return nabla_w, nabla_b, cost


def _cost(loss: Any, value: Any, a: Any, y: Any) -> float | None:
    """Return the cost of the batch, if it was returned: whole, or one by example."""
    if hasattr(loss, "calculate"):
        try:
            value = loss.calculate(a, y)
        except Exception:  # gradients do without it
            return None
    costs = (
        np.asarray(value, dtype=float) if isinstance(value, float | int | np.ndarray | np.generic) else np.empty((0, 0))
    )
    return float(np.mean(costs)) if costs.ndim < 2 and costs.size else None


def _sizes(b: Any, w: Any) -> tuple[int, int]:
    n_out = int(b.size)
    return int(w.size) // n_out, n_out


def _first(instance: Any, names: Sequence[str]) -> str:
    return next((name for name in names if hasattr(instance, name)), names[0])


def _value(part: Any, returned: Any, kept: Sequence[str]) -> Any:
    """Return what a method returned, or else what it left behind in its object."""
    if returned is not None:
        return returned
    name = _first(part, kept)
    if not hasattr(part, name):
        way = "backward" if kept is _GRADIENT else "forward"
        raise ValueError(f"{type(part).__name__}.{way} returned nothing, and left no {name} behind")
    return getattr(part, name)


FORM = Form(
    "layer_objects",
    "layers as objects with forward and backward, in the manner of nnfs",
    {"batches": True},
    recognize,
    backprop,
    ("dense", _WEIGHTS, _BIASES),
)
