"""Reading the weights of fully connected layers from a mapping of names to arrays, as torch's `state_dict` is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import InvalidInputError, ShapeError

_NAME = re.compile(r"(?P<layer>.*?)\.?(?P<part>weight|bias)")


def read_state_dict(state_dict: Any) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Return weights ``(n_out, n_in)`` and biases ``(n_out,)`` in the order of the layers.

    Parameters
    ----------
    state_dict : mapping of str to array
        See `backlit.from_state_dict`.

    Returns
    -------
    weights, biases : list of ndarray
        Copies; all float64 if one of them is, else float32.
    """
    if not isinstance(state_dict, Mapping) or not state_dict:
        raise InvalidInputError(
            "A state dict is a mapping of names such as '0.weight' to arrays, but "
            f"{'an empty one' if isinstance(state_dict, Mapping) else f'a {type(state_dict).__name__}'} came."
        )
    layers: dict[str, dict[str, NDArray[Any]]] = {}
    for name, value in state_dict.items():
        match = _NAME.fullmatch(str(name))
        if match is None:
            raise InvalidInputError(
                f"{name!r} is no weight and no bias. Only fully connected layers can be read; fold others, such as a "
                "batch normalization, into the weights first."
            )
        layers.setdefault(match["layer"], {})[match["part"]] = _floats(name, value)
    names = _in_order(list(layers))
    dtype = np.result_type(*(array.dtype for layer in layers.values() for array in layer.values()), np.float32)
    weights, biases = [], []
    for name in names:
        if "weight" not in layers[name]:
            raise InvalidInputError(f"The layer {name!r} has a bias, but no weight.")
        w = layers[name]["weight"]
        if w.ndim != 2:
            raise ShapeError(
                f"The weight of layer {name!r} must have the shape (n_out, n_in), but has {w.shape}. "
                "Only fully connected layers can be read."
            )
        weights.append(w.astype(dtype))
        biases.append(layers[name].get("bias", np.zeros(len(w))).astype(dtype))
    return weights, biases


def _floats(name: str, value: Any) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidInputError(
            f"{name!r} cannot be read as an array ({error}). Give float32, for example tensor.detach().cpu().float()."
        ) from None
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise InvalidInputError(f"{name!r} must hold float32 or float64 numbers, but its dtype is {array.dtype}.")
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name!r} holds NaN or infinite numbers.")
    return array


def _in_order(names: list[str]) -> list[str]:
    numbers = {name: tuple(map(int, re.findall(r"\d+", name))) for name in names}
    if len(set(numbers.values())) < len(names) or (len(names) > 1 and () in numbers.values()):
        raise InvalidInputError(
            f"The order of the layers {', '.join(map(repr, names))} cannot be told: each name needs a number of its "
            "own, such as '0.weight' and '2.weight'. Rename them."
        )
    return sorted(names, key=numbers.__getitem__)
