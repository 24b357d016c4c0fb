"""Comparing numbers, and finding the mistakes under which all of a submission's numbers come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.grading.judge.algorithm import run
from backlit.grading.judge.catalogue import Switch
from backlit.grading.reading.answers import Numbers, Observed
from backlit.grading.reading.cases import Array, Case

NO_MISTAKES: frozenset[Switch] = frozenset()
"""No mistake."""

TOLERANCE = 1e-8
FLOAT32_TOLERANCE = 5e-6
QUOTIENT_TOLERANCE = 1e-4


def close(found: NDArray[Any], expected: Array, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays have the same shape and agree, relative to the largest number in the expected one."""
    if found.shape != expected.shape or found.dtype.kind not in "fiub":
        return False
    if not np.all(np.isfinite(expected)):
        return bool(np.allclose(found, expected, rtol=tolerance, equal_nan=True))
    scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-12)
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(found - expected) <= tolerance * scale))


def explains(observed: Observed, numbers: Numbers | None, tolerance: float = TOLERANCE) -> bool:
    """Whether a run of the algorithm gives what was observed.

    Where the program raised an exception, a run that raised too (None), or came out with gradients of a shape that
    cannot be stored or used, explains it.
    """
    if observed.error is not None:
        return numbers is None or _has_wrong_shape(observed.case, numbers)
    if numbers is None:
        return False
    return all(key in numbers and close(found, numbers[key], tolerance) for key, found in observed.numbers.items())


def _has_wrong_shape(case: Case, numbers: Numbers) -> bool:
    for layer in case.w:
        if (
            numbers["nabla_w", layer].shape != case.w[layer].shape
            or numbers["nabla_b", layer].shape != case.b[layer].shape
        ):
            return True
    return False


def numbers_of(
    case: Case,
    switches: frozenset[Switch],
    sigma: Callable[[Array], Array] | None = None,
    sigma_prime: Callable[[Array], Array] | None = None,
) -> Numbers | None:
    """Run the algorithm with mistakes; None where shapes do not fit."""
    try:
        return run(case, switches, sigma, sigma_prime).numbers()
    except (ValueError, KeyError, IndexError):
        return None


def find_mistakes(
    observed: Sequence[Observed],
    candidates: Iterable[frozenset[Switch]],
    sigma: Callable[[Array], Array] | None = None,
    sigma_prime: Callable[[Array], Array] | None = None,
) -> frozenset[Switch] | None:
    """Return the first candidate that explains every case, or None.

    At least one case must have numbers: exceptions alone say too little.
    """
    if all(o.error is not None for o in observed):
        return None
    ordered = sorted(observed, key=lambda o: (o.error is not None, not o.case.is_square, sum(o.case.sizes)))
    for switches in candidates:
        if all(explains(o, numbers_of(o.case, switches, sigma, sigma_prime)) for o in ordered):
            return switches
    return None


def is_right(observed: Sequence[Observed]) -> bool:
    """Whether every number of every case is that of the algorithm."""
    return all(o.error is None and explains(o, numbers_of(o.case, NO_MISTAKES)) for o in observed)
