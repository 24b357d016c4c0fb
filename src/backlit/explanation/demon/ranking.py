"""Where would the demon push? All neurons, the largest |δ| first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from backlit.core.differences import Batch
from backlit.core.layer_health import FLAT, relative_slope
from backlit.explanation.plain_text import aligned, short

Verdict = Literal["raise z", "lower z", "near optimal", "saturated"]

NEAR_ZERO = 0.01
"""Where |δ| is below this share of the largest, the demon can do little."""
SHOWN = 20


@dataclass(frozen=True)
class DemonPlace:
    """One neuron; for several examples all numbers are means over them.

    Attributes
    ----------
    layer, neuron : int
        l, from 2, and j, from 1.
    z, a : float
    delta : float
        ∂C/∂z^l_j.
    slope : float
        |σ′(z)| as a share of its largest value for −1 ≤ z ≤ 1.
    verdict : {"raise z", "lower z", "near optimal", "saturated"}
        What the demon would do to lower the cost; or, where |δ| is less than a hundredth of the largest, why he can do
        little: the neuron is saturated where σ′ is flat (less than a hundredth), else near optimal.
    """

    layer: int
    neuron: int
    z: float
    a: float
    delta: float
    slope: float
    verdict: Verdict


@dataclass(frozen=True)
class DemonRanking:
    """All neurons of a network or layer, the largest |δ| first.

    Attributes
    ----------
    n_examples : int
    cost : float
    places : tuple of DemonPlace
    """

    n_examples: int
    cost: float
    places: tuple[DemonPlace, ...]

    @property
    def title(self) -> str:
        """What is ranked."""
        mean = "one example" if self.n_examples == 1 else f"means over {self.n_examples:,} examples"
        return f"Where would the demon push?  C = {short(self.cost)}, {mean}"

    def table(self, count: int | None = SHOWN) -> tuple[list[str], list[list[str]]]:
        """Return header and cells of the first places."""
        header = ["layer", "neuron", "z", "a", "δ = ∂C/∂z", "he would"]
        rows = [
            [str(place.layer), str(place.neuron), short(place.z), short(place.a), short(place.delta), _words(place)]
            for place in self.places[:count]
        ]
        return header, rows

    @property
    def rest(self) -> str:
        """What the table leaves out, in words; empty where it leaves out nothing."""
        more = self.places[SHOWN:]
        if not more:
            return ""
        saturated = sum(place.verdict == "saturated" for place in more)
        optimal = sum(place.verdict == "near optimal" for place in more)
        return f"… and {len(more):,} more, of which {saturated:,} are saturated and {optimal:,} near optimal."

    def __str__(self) -> str:
        return "\n".join([self.title, "", *aligned(*self.table()), *([self.rest] if self.rest else [])])

    def to_dict(self) -> dict[str, Any]:
        """Return the ranking in JSON's types."""
        return asdict(self)


def rank(batch: Batch, layer: int | None) -> DemonRanking:
    """Rank the neurons of a layer l, or of all layers."""
    network, at, share = batch.network, batch.at, batch.share
    deltas = [share @ delta for delta in at.delta]
    largest = max(float(np.abs(delta).max()) for delta in deltas)
    places = []
    for i, name in enumerate(network.activations):
        if layer not in (None, i + 2):
            continue
        slope = share @ relative_slope(name, at.z[i], at.a[i + 1])
        z, a = share @ at.z[i], share @ at.a[i + 1]
        for j, delta in enumerate(deltas[i].tolist()):
            verdict: Verdict = "lower z" if delta > 0 else "raise z"
            if abs(delta) <= NEAR_ZERO * largest:
                verdict = "saturated" if slope[j] < FLAT else "near optimal"
            places.append(DemonPlace(i + 2, j + 1, float(z[j]), float(a[j]), delta, float(slope[j]), verdict))
    places.sort(key=lambda place: -abs(place.delta))
    return DemonRanking(len(share), float(at.cost), tuple(places))


def _words(place: DemonPlace) -> str:
    if place.verdict == "saturated":
        if place.slope == 0.0:
            return "do little: off, σ′ = 0"
        return f"do little: saturated, σ′ at {short(100 * place.slope, 2)} % of full"
    return "do little: near optimal" if place.verdict == "near optimal" else place.verdict
