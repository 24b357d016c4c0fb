"""Layers as pairs of functions, forward and backward, in the manner of cs231n: affine, an activation, and a loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backlit.grading.reading.forms.form import Form, Found, first_named
from backlit.grading.reading.student import Inventory

if TYPE_CHECKING:
    from backlit.grading.reading.cases import Task

_AFFINE = ("affine", "fc", "dense", "fully_connected", "linear")
# a loss of scores has its softmax inside; others are given the outputs
_OF_SCORES = ("softmax_loss", "softmax_cross_entropy_loss", "softmax_cross_entropy", "cross_entropy_loss")
_OF_OUTPUTS = ("quadratic_loss", "mse_loss", "l2_loss", "squared_loss", "squared_error_loss", "euclidean_loss")


def recognize(inventory: Inventory, task: Task) -> Found | None:
    """Find the functions of one affine layer, of the activations asked for, and a loss that gives (cost, gradient)."""
    names = [function.name for function in inventory.functions]
    affine = {way: first_named(names, [f"{name}_{way}" for name in _AFFINE]) for way in ("forward", "backward")}
    if affine["backward"] is None:
        return None
    wanted = {f"affine_{way}": (affine[way], f"affine_{way}") for way in affine}
    for place, sigma in (("hidden", task.hidden), ("output", task.output)):
        if sigma in ("softmax", "identity"):
            continue
        for way in ("forward", "backward"):
            name = f"{sigma}_{way}"
            wanted[f"{place}_{way}"] = (first_named(names, [name]), name)
    losses = _OF_SCORES if task.output == "softmax" else _OF_OUTPUTS
    wanted["loss"] = (first_named(names, losses), f"{losses[0]}(outputs, y), which gives (cost, gradient),")
    parts = {part: name for part, (name, _) in wanted.items() if name is not None}
    missing = tuple(dict.fromkeys(words for name, words in wanted.values() if name is None))
    lines = {function.name: function.line for function in inventory.functions}
    return Found(FORM, parts, {name: lines[name] for name in parts.values()}, missing)


def backprop(
    parts: Mapping[str, Any], memory: dict[str, Any], x: Any, y: Any, weights: list[Any], biases: list[Any]
) -> tuple[list[Any], list[Any], Any]:
    """Go forward through affine layers and activations, and back again."""
    caches = []
    a = x
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z, affine_cache = parts["affine_forward"](a, w, b)
        place = "output" if i == len(weights) - 1 else "hidden"
        a, cache = parts[f"{place}_forward"](z) if f"{place}_forward" in parts else (z, None)
        caches.append((place, affine_cache, cache))
    cost, gradient = parts["loss"](a, y)
    nabla_w: list[Any] = []
    nabla_b: list[Any] = []
    for place, affine_cache, cache in reversed(caches):
        if f"{place}_backward" in parts:
            gradient = parts[f"{place}_backward"](gradient, cache)
        gradient, dw, db = parts["affine_backward"](gradient, affine_cache)
        nabla_w.insert(0, dw)
        nabla_b.insert(0, db)
    return nabla_w, nabla_b, cost


FORM = Form(
    "affine_functions",
    "layers in functions forward and backward, in the manner of cs231n",
    {"weights_transposed": True, "bias": "flat", "batches": True},
    recognize,
    backprop,
)
