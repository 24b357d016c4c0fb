"""Which equations a submission's numbers show.

That numbers are right says nothing of an equation on which they do not depend: gradients that are cut off to 0, or
the last layer's alone, come out right without BP2. So the algorithm, with the mistakes that explain the numbers, is run
once more with one equation disturbed; only if the numbers that were compared change is the equation seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backlit.grading.judge.algorithm import run
from backlit.grading.judge.catalogue import Switch
from backlit.grading.judge.matching import close, count_different
from backlit.grading.judge.verdict import EQUATIONS
from backlit.grading.reading.answers import Observed


def shown(observed: Sequence[Observed], switches: frozenset[Switch]) -> dict[str, int]:
    """Return how many of the numbers that were compared depend on each equation.

    Parameters
    ----------
    observed : sequence of Observed
        What the algorithm with these mistakes explains.
    switches : frozenset of (equation, mistake)

    Returns
    -------
    dict of str to int
        Equations that no number depends on, in more than half of the networks, are left out.
    """
    answered = [o for o in observed if o.error is None]
    counts = {}
    for equation in EQUATIONS:
        per_case = [_n_dependent(o, switches, equation) for o in answered]
        if 2 * sum(n > 0 for n in per_case) > len(answered):
            counts[equation] = sum(per_case)
    return counts


def n_wrong(observed: Sequence[Observed], equation: str) -> tuple[int, int]:
    """Return how many numbers were compared that depend on an equation, and how many of those differ from the right."""
    n = n_different = 0
    for o in observed:
        right = run(o.case).numbers()
        disturbed = run(o.case, disturbed=equation).numbers()
        for key, found in o.numbers.items():
            expected = right[key]
            if close(disturbed[key], expected):
                continue
            n += expected.size
            n_different += expected.size if found.shape != expected.shape else count_different(found, expected)
    return n, n_different


def _n_dependent(o: Observed, switches: frozenset[Switch], equation: str) -> int:
    numbers = run(o.case, switches).numbers()
    disturbed = run(o.case, switches, disturbed=equation).numbers()
    return sum(
        found.size
        for key, found in o.numbers.items()
        if np.all(np.isfinite(numbers[key])) and not close(disturbed[key], numbers[key])
    )
