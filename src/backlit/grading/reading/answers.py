"""Reading what a submission returns.

∇_w and ∇_b may come as two lists, as pairs, in a dictionary, or as one flat row of arrays. The network's output may be
an array, the last of the layers in a list, or stand beside a cache.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.grading.reading.cases import Array, Case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.names import lower

_NUMBERED = re.compile(r"(?:d|grad|nabla|g|delta)?_?([wb])_?(\d+)", re.IGNORECASE)
_LISTED = re.compile(r"(?:d|grads?|nabla|gradients?)?_?(w|b|weights?|bias(?:es)?)s?", re.IGNORECASE)

Numbers = dict[tuple[str, int], Array]
"""(quantity, layer) → array, where the quantity is z, a, delta, nabla_b, nabla_w, b_new or w_new."""

_PerLayer = dict[int, Any]


@dataclass(frozen=True)
class Observed:
    """What a submission computed for one case.

    Attributes
    ----------
    case : Case
    numbers : dict of (quantity, layer) to array
        Laid out as the judge does: examples are columns. Empty if the program raised.
    error : str or None
        What it raised.
    line : int or None
    cost : float or None
        C, if it came beside what was asked for.
    """

    case: Case
    numbers: Numbers
    error: str | None = None
    line: int | None = None
    cost: float | None = None


class UnreadableError(ValueError):
    """What came back holds no gradients that could be told apart."""


def read_gradients(value: object, case: Case, *, pairs: bool = False) -> tuple[_PerLayer, _PerLayer]:
    """Return ∇_b and ∇_w by layer, as the student laid them out.

    Parameters
    ----------
    value : object
    case : Case
    pairs : bool, default False
        Whether two lists of two arrays are rather two pairs, one per layer.

    Raises
    ------
    UnreadableError
    """
    if isinstance(value, Mapping):
        return _from_mapping(value, case)
    if isinstance(value, list | tuple):
        parts = [part for part in value if not _is_scalar(part)]
        mappings = [part for part in parts if isinstance(part, Mapping)]
        if len(mappings) == 1:
            return _from_mapping(mappings[0], case)
        if all(isinstance(part, list | tuple) for part in parts):
            readings = list(_in_lists(parts, case))[:: -1 if pairs else 1]
            if readings:  # among those that fit equally well, the first
                return max(readings, key=lambda reading: _fit(reading[0], reading[1], case))
            if len(parts) == 2:
                return _in_order(_per_layer(parts[0], case), _per_layer(parts[1], case), case)
        if len(parts) == 2 * (case.n_layers - 1) and all(isinstance(part, np.ndarray) for part in parts):
            return _from_flat(parts, case)
    raise UnreadableError(
        f"expected (nabla_b, nabla_w), two lists of one array per layer, but {_shown(value)} came back"
    )


def numbered_keys(value: object) -> list[str]:
    """Return the keys of the weights' gradients that came in a dictionary of W1, b1, …, by layer; none if none did."""
    parts = value if isinstance(value, list | tuple) else [value]
    mapping = next((part for part in parts if isinstance(part, Mapping)), {})
    found = [match for match in map(_NUMBERED.fullmatch, map(str, mapping)) if match is not None]
    numbers = {letter: {int(m[2]): m[0] for m in found if m[1].lower() == letter} for letter in "wb"}
    keys = [key for _, key in sorted(numbers["w"].items())]
    return keys if sorted(numbers["w"]) == sorted(numbers["b"]) == list(range(1, len(keys) + 1)) else []


def read_cost(value: object) -> float | None:
    """Return the one number that came, alone or beside arrays; None if there are several, or none."""
    parts = value if isinstance(value, list | tuple) else [value]
    numbers = [np.asarray(part) for part in parts if _is_scalar(part) and not isinstance(part, str | bool | None)]
    return float(numbers[0]) if len(numbers) == 1 and numbers[0].dtype.kind in "fiu" else None


def _is_scalar(part: object) -> bool:
    return isinstance(part, int | float | str | None | np.generic) or (isinstance(part, np.ndarray) and part.ndim == 0)


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return "nothing" if value is None else f"a {type(value).__name__}"


def _per_layer(arrays: Sequence[Any], case: Case) -> _PerLayer:
    values = list(arrays)
    if len(values) == case.n_layers and (values[0] is None or np.size(values[0]) == 0 or _is_scalar(values[0])):
        values = values[1:]  # counted from 1, with nothing for the input layer
    if len(values) != case.n_layers - 1:
        raise UnreadableError(f"expected {case.n_layers - 1} arrays, one per layer, but {len(values)} came back")
    return dict(enumerate(values, start=2))


def _in_lists(parts: Sequence[Any], case: Case) -> Iterator[tuple[_PerLayer, _PerLayer]]:
    """Yield what lists of arrays may be: one of ∇_w and one of ∇_b, or a pair per layer, in the manner of JAX."""
    if len(parts) == 2:
        with suppress(UnreadableError):
            yield _in_order(_per_layer(parts[0], case), _per_layer(parts[1], case), case)
    if len(parts) == case.n_layers - 1 and all(len(part) == 2 for part in parts):
        first, second = (dict(enumerate(side, start=2)) for side in zip(*parts, strict=True))
        yield _in_order(first, second, case)


def _in_order(first: _PerLayer, second: _PerLayer, case: Case) -> tuple[_PerLayer, _PerLayer]:
    # Nielsen returns (nabla_b, nabla_w), others the reverse; the number of numbers tells
    return (first, second) if _fit(first, second, case) >= _fit(second, first, case) else (second, first)


def _fit(nabla_b: _PerLayer, nabla_w: _PerLayer, case: Case) -> int:
    # sizes in any order: that layers come reversed is for the judge to say
    pairs = ((nabla_b, case.b), (nabla_w, case.w))
    return sum((Counter(map(_size, g.values())) & Counter(map(_size, p.values()))).total() for g, p in pairs)


def _fit_in_place(nabla_b: _PerLayer, nabla_w: _PerLayer, case: Case) -> int:
    return sum((_size(nabla_b[i]) == case.b[i].size) + (_size(nabla_w[i]) == case.w[i].size) for i in case.w)


def _size(value: Any) -> int:
    try:
        return int(np.size(value))
    except ValueError:
        return -1


def _from_mapping(value: Mapping[str, Any], case: Case) -> tuple[_PerLayer, _PerLayer]:
    found: dict[str, _PerLayer] = {"w": {}, "b": {}}
    lists: dict[str, Any] = {}
    for key, item in value.items():
        if match := _NUMBERED.fullmatch(str(key)):
            found[match[1].lower()][int(match[2])] = item
        elif match := _LISTED.fullmatch(str(key)):
            lists[match[1].lower()[0]] = item
    if set(lists) == {"w", "b"}:
        return _per_layer(lists["b"], case), _per_layer(lists["w"], case)
    layers = sorted(found["w"])
    if len(layers) == case.n_layers - 1 and sorted(found["b"]) == layers:
        return tuple({i + 2: found[kind][key] for i, key in enumerate(layers)} for kind in "bw")  # type: ignore[return-value]
    raise UnreadableError(
        f"expected keys such as dW1, db1, … for {case.n_layers - 1} layers, but {list(value)[:8]} came"
    )


def _from_flat(parts: Sequence[Any], case: Case) -> tuple[_PerLayer, _PerLayer]:
    half = len(parts) // 2
    orders = [
        (parts[1::2], parts[0::2]),
        (parts[0::2], parts[1::2]),
        (parts[half:], parts[:half]),
        (parts[:half], parts[half:]),
        (parts[::-1][0::2], parts[::-1][1::2]),
        (parts[::-1][1::2], parts[::-1][0::2]),
    ]
    layered = [(dict(enumerate(b, start=2)), dict(enumerate(w, start=2))) for b, w in orders]
    return max(layered, key=lambda order: _fit_in_place(order[0], order[1], case))


def read_output(value: Any, case: Case, convention: Convention, is_output: Callable[[Array], bool]) -> Numbers:
    """Return a^L, as the judge lays it out.

    Parameters
    ----------
    value : object
    case : Case
    convention : Convention
    is_output : callable
        Whether an array holds the numbers of a^L: they tell it from other layers of its shape that come with it.

    Raises
    ------
    UnreadableError
    """
    candidates = [convention.take(item) for item in _output_candidates(value)]
    if not candidates:
        raise UnreadableError("no output was found in what came back")
    fitting = [array for array in candidates if array.shape == case.y.shape]
    if len(fitting) > 1:
        fitting.sort(key=lambda array: not is_output(array))
    return {("a", case.n_layers): (fitting or candidates)[0]}


def _output_candidates(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, Mapping):
        names = sorted(name for name in value if lower(str(name)).startswith("a"))
        return [value[name] for name in names[-1:] if isinstance(value[name], np.ndarray)]
    if isinstance(value, list | tuple) and value:
        if all(isinstance(item, list | tuple) for item in value):
            return []  # (zs, activations) in some order: judged through the gradients
        if isinstance(value, tuple):
            return [item for item in reversed(value) if isinstance(item, np.ndarray)]
        return _output_candidates(value[-1])
    return []
