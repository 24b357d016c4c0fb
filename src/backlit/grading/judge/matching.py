"""Comparing numbers, and finding the mistakes under which all of a submission's numbers come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.grading.judge.algorithm import bp1, bp2, bp3, bp4, feed_forward, run
from backlit.grading.judge.catalogue import Switch, singles
from backlit.grading.judge.one_pass import Pass
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


def count_different(found: NDArray[Any], expected: Array, tolerance: float = TOLERANCE) -> int:
    """Return how many numbers of two arrays of one shape do not agree as `close` has it."""
    scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-12)
    with np.errstate(all="ignore"):
        return int(np.sum(~(np.abs(found - expected) <= tolerance * scale)))


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


def as_gradients(o: Observed) -> Observed:
    """Read gradients from the step that was made along them."""
    if o.error is not None or not any(name in ("b_new", "w_new") for name, _ in o.numbers):
        return o
    numbers = {}
    for (name, layer), new in o.numbers.items():
        quantity, old = ("nabla_b", o.case.b) if name == "b_new" else ("nabla_w", o.case.w)
        numbers[quantity, layer] = (old[layer] - new) / o.case.eta if new.shape == old[layer].shape else new
    return Observed(o.case, numbers)


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
    # one that is wrong first, since what changes nothing there is not worth a look at the others
    ordered = sorted(
        observed, key=lambda o: (o.error is not None, is_right([o]), not o.case.is_square, sum(o.case.sizes))
    )
    tolerance = FLOAT32_TOLERANCE if _is_single(ordered[0]) else TOLERANCE
    has_step = any(name in ("b_new", "w_new") for name, _ in ordered[0].numbers)
    screen = _Screen(as_gradients(ordered[0]), _STEP_TOLERANCE if has_step else tolerance)
    for switches in candidates:
        if not has_step and any(switch in _ONLY_IN_THE_STEP for switch in switches):
            continue
        steps_wrong = has_step and any(switch[0] == "update" for switch in switches)
        if sigma is None and sigma_prime is None and not steps_wrong and not screen.may_be(switches):
            continue
        if all(explains(o, numbers_of(o.case, switches, sigma, sigma_prime), tolerance) for o in ordered):
            return switches
    return None


def _is_single(observed: Observed) -> bool:
    return any(array.dtype == np.float32 for array in observed.numbers.values())


_ONLY_IN_THE_STEP = {switch for switch in singles(("update",)) if switch[1] != "update_before_all_deltas"}
_STEP_TOLERANCE = 1e-5  # gradients read from a step have its roundings
_BEFORE_GRADIENTS = ("z", "a", "sigma_prime", "BP1")


class _Screen:
    """Whether mistakes may explain one network, layer by layer from the output: it spares most of thousands of runs."""

    def __init__(self, observed: Observed, tolerance: float) -> None:
        self._observed, self._tolerance = observed, tolerance
        self._last = observed.case.n_layers
        self._fed: dict[frozenset[Switch], Pass | None] = {}
        self._sent: dict[frozenset[Switch], Pass | None] = {}
        self._known: dict[tuple[str, frozenset[Switch]], bool] = {}
        self._last_is_right = all(
            self._agrees(name, equation, gradient, NO_MISTAKES)
            for name, equation, gradient in (("nabla_b", "BP3", bp3), ("nabla_w", "BP4", bp4))
        )

    def may_be(self, switches: frozenset[Switch]) -> bool:
        mistakes = {mistake for _, mistake in switches}
        if "update_before_all_deltas" in mistakes or ("loop_stops_early" in mistakes and self._last == 2):
            return True
        equations = {equation for equation, _ in switches}
        if self._last_is_right and len(switches) > 1 and equations <= set(_BEFORE_GRADIENTS):
            return False  # two mistakes that make up for each other are none
        # BP2 and the update have no part in the output layer
        gradients = [("nabla_b", "BP3", bp3), ("nabla_w", "BP4", bp4)]
        if "BP3" in equations:  # first the one that mistakes before it are enough to decide
            gradients.reverse()
        return all(
            (equation, "layers_reversed") in switches or self._agrees(name, equation, gradient, switches)
            for name, equation, gradient in gradients
        ) and self._all_layers_agree(switches, "layers_reversed" in mistakes)

    def _all_layers_agree(self, switches: frozenset[Switch], are_reversed: bool) -> bool:
        sent = self._send_back(frozenset(switch for switch in switches if switch[0] in _BEFORE_GRADIENTS))
        if sent is None:
            return False
        p = replace(sent, switches=switches, delta=dict(sent.delta))
        try:
            with np.errstate(all="ignore"):
                for layer in range(self._last - 1, 1, -1):
                    p.delta[layer] = bp2(p, layer)
                if p.makes("BP2", "loop_stops_early"):
                    p.delta[2] = np.zeros_like(p.delta[2])
                for layer in range(2, self._last + are_reversed):
                    for name, gradient in (("nabla_b", bp3), ("nabla_w", bp4)):
                        found = self._observed.numbers.get((name, layer))
                        if found is not None and not close(found, gradient(p, layer), self._tolerance):
                            return False
        except (ValueError, KeyError, IndexError):
            return False
        return True

    def _agrees(
        self, name: str, equation: str, gradient: Callable[[Pass, int], Array], switches: frozenset[Switch]
    ) -> bool:
        found = self._observed.numbers.get((name, self._last))
        if found is None:
            return True
        felt = frozenset(switch for switch in switches if switch[0] in (*_BEFORE_GRADIENTS, equation))
        key = name, felt
        if key not in self._known:
            p = self._send_back(frozenset(switch for switch in felt if switch[0] in _BEFORE_GRADIENTS))
            try:
                with np.errstate(all="ignore"):
                    p = None if p is None else replace(p, switches=felt)
                    self._known[key] = p is not None and close(found, gradient(p, self._last), self._tolerance)
            except (ValueError, KeyError, IndexError):
                self._known[key] = False
        return self._known[key]

    def _send_back(self, switches: frozenset[Switch]) -> Pass | None:
        """Return a pass as far as BP1; None where shapes do not fit."""
        if switches not in self._sent:
            fed = self._feed_forward(frozenset(switch for switch in switches if switch[0] in ("z", "a")))
            p = None if fed is None else replace(fed, switches=switches, delta={})
            try:
                if p is not None:
                    with np.errstate(all="ignore"):
                        p.delta[p.last] = bp1(p)
            except (ValueError, KeyError, IndexError):
                p = None
            self._sent[switches] = p
        return self._sent[switches]

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
