"""Comparing numbers, and finding the mistakes under which all of a submission's numbers come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.grading.judge.algorithm import bp1, bp3, bp4, feed_forward, run
from backlit.grading.judge.catalogue import Switch
from backlit.grading.judge.one_pass import Pass
from backlit.grading.reading.answers import Numbers, Observed
from backlit.grading.reading.cases import Array, Case

NO_MISTAKES: frozenset[Switch] = frozenset()
"""No mistake."""

TOLERANCE = 1e-8
FLOAT32_TOLERANCE = 5e-6
QUOTIENT_TOLERANCE = 1e-4

_GRADIENTS = (("nabla_b", "BP3"), ("nabla_w", "BP4"))
_Gradient = Callable[[Pass, int], Array]


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
    output = _OutputLayer(ordered[0])
    for switches in candidates:
        if sigma is None and sigma_prime is None and not output.may_be(switches):
            continue
        if all(explains(o, numbers_of(o.case, switches, sigma, sigma_prime)) for o in ordered):
            return switches
    return None


class _OutputLayer:
    """Whether mistakes may explain one network, by its output layer alone: this spares most of many thousand runs."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._steps = any(name in ("b_new", "w_new") for name, _ in observed.numbers)
        self._fed: dict[frozenset[Switch], Pass | None] = {}
        self._known: dict[tuple[str, frozenset[Switch]], bool] = {}

    def may_be(self, switches: frozenset[Switch]) -> bool:
        made = {equation for equation, _ in switches}
        if not self._observed.numbers or (made & {"BP3", "BP4"} and ("layers_reversed" in {m for _, m in switches})):
            return True
        if "update" in made and not self._steps and ("update", "update_before_all_deltas") not in switches:
            return False  # no step was seen, so that the others alone explain as much
        return all(self._explains(name, equation, switches) for name, equation in _GRADIENTS)

    def _explains(self, name: str, equation: str, switches: frozenset[Switch]) -> bool:
        found = self._observed.numbers.get((name, self._observed.case.n_layers))
        if found is None:
            return True
        # BP2 and the update have no part in it
        felt = frozenset(s for s in switches if s[0] in ("z", "a", "sigma_prime", "BP1", equation))
        if (name, felt) not in self._known:
            self._known[name, felt] = self._is_right(felt, found, bp3 if equation == "BP3" else bp4)
        return self._known[name, felt]

    def _is_right(self, switches: frozenset[Switch], found: NDArray[Any], gradient: _Gradient) -> bool:
        fed = self._feed_forward(frozenset(switch for switch in switches if switch[0] in ("z", "a")))
        if fed is None:
            return False
        p = replace(fed, switches=switches, delta={})
        try:
            with np.errstate(all="ignore"):
                p.delta[p.last] = bp1(p)
                return close(found, gradient(p, p.last))
        except (ValueError, KeyError, IndexError):
            return False

    def _feed_forward(self, switches: frozenset[Switch]) -> Pass | None:
        if switches not in self._fed:
            p: Pass | None = Pass(self._observed.case, switches, w=dict(self._observed.case.w))
            try:
                assert p is not None
                with np.errstate(all="ignore"):
                    feed_forward(p)
            except ValueError:
                p = None
            self._fed[switches] = p
        return self._fed[switches]


def is_right(observed: Sequence[Observed]) -> bool:
    """Whether every number of every case is that of the algorithm."""
    return all(o.error is None and explains(o, numbers_of(o.case, NO_MISTAKES)) for o in observed)
