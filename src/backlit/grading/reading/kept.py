"""What calls leave behind instead of returning it: gradients in attributes, parameters changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backlit.grading.reading.names import NUMBERED
from backlit.grading.reading.student import Outcome

GRADIENT_NAMES = (
    "gradients",
    "grads",
    "nabla_b",
    "nabla_w",
    "db",
    "dw",
    "dW",
    "grads_b",
    "grads_w",
    "grad_b",
    "grad_w",
    *tuple(f"d{letter}{i}" for letter in "Wwb" for i in range(1, 5)),
)
"""Attributes in which objects keep gradients."""


def as_gradient_keys(kept: dict[str, Any], attributes: Mapping[str, str]) -> Any:
    """Return parameters that an object keeps as gradients are returned: by what they hold, not by their names."""
    by_kind = {kind: kept[name] for name, kind in attributes.items()}
    return by_kind.get("parameters", by_kind.get("pairs", by_kind))


def after_in_place(outcome: Outcome, roles: tuple[str, ...]) -> Any:
    """Return the parameters that a function changed in place instead of returning new ones."""
    by_kind = dict(zip(roles, outcome.args_after, strict=False))
    return by_kind.get(
        "parameters",
        {kind: value for kind, value in by_kind.items() if kind in ("weights", "biases") or NUMBERED.fullmatch(kind)},
    )


def in_layers(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return where layers that are objects keep their gradients: ``{"layers.0.dW": "dW1"}``."""
    ways = [(*path.rpartition("."), kind) for path, kind in parameters.items() if "." in path]
    return {f"{way}.{d}{name}": f"d{kind}" for way, _, name, kind in ways for d in ("d", "grad_", "d_")}


def from_attributes(attributes: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    """Return the gradients that an object keeps."""
    names = in_layers(parameters)
    gradients = {names.get(name, name): value for name, value in attributes.items() if name not in parameters}
    for name in ("gradients", "grads"):
        if name in gradients:
            return gradients[name]
    return gradients
