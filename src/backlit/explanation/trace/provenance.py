"""What the numbers of examples stand for: the columns they came from, the names of outputs, the target's scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backlit.errors import InvalidInputError, ShapeError
from backlit.explanation.trace.tree import Feature, Floats, TargetScale


def features(encoding: Sequence[Any], x: Floats) -> tuple[Feature, ...]:
    """Return how each input of one example came about, after checking that the description fits these inputs.

    Parameters
    ----------
    encoding : sequence
        For each input (feature name, column, raw value, operation, value), as a tuple or an object with these
        attributes.
    x : array, ``(n_in,)``
    """
    if len(encoding) != len(x):
        raise ShapeError(f"encoding must describe {len(x)} inputs, one by one, but describes {len(encoding)}.")
    found = []
    for k, step in enumerate(encoding):
        name, column, raw_value, operation, value = (
            step if isinstance(step, tuple) else (step.name, step.column, step.raw_value, step.operation, step.value)
        )
        if not math.isclose(value, x[k], rel_tol=1e-6, abs_tol=0.0):
            raise InvalidInputError(
                f"encoding says that {name!r} is {value:g}, but x holds {x[k]:g} there. Both must be of the same row."
            )
        raw_text = "(missing)" if raw_value is None else str(raw_value)
        found.append(Feature(str(name), str(column), raw_text, str(operation), float(value)))
    return tuple(found)


def names_of(kind: str, names: Sequence[str], count: int) -> tuple[str, ...]:
    """Return names as text, after checking that there is one for each."""
    if len(names) != count:
        raise ShapeError(f"{kind}_names must hold {count} names, one for each {kind}, but holds {len(names)}.")
    return tuple(map(str, names))


def scale_of(
    target_scale: tuple[ArrayLike, ArrayLike], n_outputs: int, kept_to: tuple[float, float] | None = None
) -> TargetScale:
    """Return the scale of each output, from one for all or one for each."""
    mean, scale = (np.asarray(part, dtype=np.float64) for part in target_scale)
    for name, part in (("mean", mean), ("scale", scale)):
        if part.shape not in ((), (1,), (n_outputs,)):
            raise ShapeError(
                f"The {name} of target_scale must be one number, or one for each of {n_outputs} outputs, "
                f"but has the shape {part.shape}."
            )
    means, scales = (tuple(np.broadcast_to(part, (n_outputs,)).tolist()) for part in (mean, scale))
    return TargetScale(means, scales, kept_to)


def original(scale: TargetScale, values: Floats) -> Floats:
    """Return outputs on the scale of the table."""
    on_table: Floats = np.asarray(scale.mean) + np.asarray(scale.scale) * values.astype(np.float64)
    return on_table
