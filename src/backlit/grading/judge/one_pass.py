"""One forward and backward pass in the making, and the mistakes that are switched on in it: `Pass`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backlit.grading.reading.answers import Numbers
from backlit.grading.reading.cases import Array, Case


@dataclass
class Pass:
    """One forward and backward pass in the making.

    Attributes
    ----------
    case : Case
    switches : frozenset of (equation, mistake)
        The mistakes to be made; a mistake may have variants, ``"wrong_sigma:negated"``.
    sigma, sigma_prime : callable, optional
        The student's own σ and σ′, to be judged by what follows from them.
    disturbed : str, optional
        An equation whose results are made a little different, to see which numbers depend on it.
    """

    case: Case
    switches: frozenset[tuple[str, str]] = frozenset()
    sigma: Callable[[Array], Array] | None = None
    sigma_prime: Callable[[Array], Array] | None = None
    disturbed: str | None = None
    w: dict[int, Array] = field(default_factory=dict)
    z: dict[int, Array] = field(default_factory=dict)
    a: dict[int, Array] = field(default_factory=dict)
    delta: dict[int, Array] = field(default_factory=dict)
    nabla_b: dict[int, Array] = field(default_factory=dict)
    nabla_w: dict[int, Array] = field(default_factory=dict)
    b_new: dict[int, Array] = field(default_factory=dict)
    w_new: dict[int, Array] = field(default_factory=dict)

    def makes(self, equation: str, mistake: str) -> bool:
        """Whether a switch is on."""
        return (equation, mistake) in self.switches

    def variant(self, equation: str, mistake: str) -> str | None:
        """Return the variant in which a mistake is switched on, or None."""
        for switched, name in self.switches:
            if switched == equation and name.startswith(f"{mistake}:"):
                return name.partition(":")[2]
        return None

    def out(self, equation: str, result: Array) -> Array:
        """Return what an equation hands on: its result, unless it is the one that is disturbed."""
        if equation != self.disturbed:
            return result
        factors: Array = 1.0 + 0.1 * np.cos(np.arange(1.0, result.size + 1.0)).reshape(result.shape)
        return result * factors

    def numbers(self) -> Numbers:
        """Return everything that was computed."""
        names = ("z", "a", "delta", "nabla_b", "nabla_w", "b_new", "w_new")
        return {(name, layer): array for name in names for layer, array in getattr(self, name).items()}

    @property
    def last(self) -> int:
        """L."""
        return self.case.n_layers
