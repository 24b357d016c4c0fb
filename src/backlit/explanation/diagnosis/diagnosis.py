"""What a diagnosis says: how healthy each layer is, what is wrong, what was recorded in training; and its tables."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backlit.core.layer_health import NetworkHealth
from backlit.explanation.diagnosis.evidence import Finding
from backlit.explanation.plain_text import aligned, percent, short

SHOWN_EPOCHS = 12
MOST_LAYERS_WITH_DEAD = 5


@dataclass(frozen=True)
class LayerDiagnosis:
    """One layer: its health, as `LayerHealth` describes it, and its gradient.

    Attributes
    ----------
    layer : int
    activation : str
    neurons : int or None
        None where there is no network.
    delta, saturated, dead, weight : float
        See `backlit.core.layer_health.LayerHealth`.
    delta_ratio : float or None
        ‖δ^l‖ / ‖δ^{l+1}‖: how BP2 changed it; None for the last layer.
    gradient : float or None
        ‖∂C/∂w^l‖ / ‖w^l‖; None where there is no network.
    moved : float or None
        In the last recorded epoch.
    """

    layer: int
    activation: str
    neurons: int | None
    delta: float
    delta_ratio: float | None
    saturated: float
    dead: float
    weight: float
    gradient: float | None
    moved: float | None


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` saw.

    Attributes
    ----------
    n_examples : int
        How many were looked at; 0 where only a history was.
    cost : float
    constant_cost : float
        C of the best constant on the same examples: the same outputs for every input.
    layers : tuple of LayerDiagnosis
        Layers 2 to L.
    findings : tuple of Finding
        What is wrong, the gravest first.
    history : tuple of NetworkHealth
        What was recorded in training.
    """

    n_examples: int
    cost: float
    constant_cost: float
    layers: tuple[LayerDiagnosis, ...]
    findings: tuple[Finding, ...]
    history: tuple[NetworkHealth, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def title(self) -> str:
        """What was looked at."""
        if not self.layers:
            return "Diagnosis without examples and without a record"
        seen = f"{self.n_examples:,} examples" if self.n_examples else "what was recorded in training"
        costs = f"C = {short(self.cost, 4)} (best constant: {short(self.constant_cost, 4)})"
        return f"Diagnosis of {len(self.layers) + 1} layers on {seen}, {costs}"

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return header and cells of the layers."""
        header = ["layer", "neurons", "‖δ‖", "÷ next", "saturated", "dead", "‖w‖", "gradient", "moved", "σ"]
        rows = [
            [
                str(layer.layer),
                "" if layer.neurons is None else f"{layer.neurons:,}",
                short(layer.delta, 3),
                short(layer.delta_ratio, 2),
                percent(layer.saturated),
                percent(layer.dead),
                short(layer.weight, 3),
                short(layer.gradient, 2),
                short(layer.moved, 2),
                layer.activation,
            ]
            for layer in self.layers
        ]
        return header, rows

    def history_table(self) -> tuple[list[str], list[list[str]]]:
        """Return header and cells of ‖δ‖ and, where there is room, of the dead hidden neurons, epoch by epoch."""
        count = len(self.history)
        places = sorted({round(place) for place in np.linspace(0, count - 1, min(count, SHOWN_EPOCHS))})
        numbers = [layer.layer for layer in self.layers]
        hidden = numbers[:-1] if len(numbers) <= MOST_LAYERS_WITH_DEAD else []
        header = ["epoch", "C", *(f"‖δ^{number}‖" for number in numbers), *(f"dead {number}" for number in hidden)]
        rows = []
        for health in (self.history[place] for place in places):
            deltas = [short(layer.delta, 3) for layer in health.layers]
            dead = [percent(layer.dead) for layer in health.layers[: len(hidden)]]
            rows.append([str(health.epoch), short(health.cost, 4), *deltas, *dead])
        return header, rows

    def findings_text(self) -> list[str]:
        """Return the findings on lines, or that there is none."""
        if self.ok:
            return ["Nothing is wrong with it that these figures show."]
        return [f"{i}. {finding}" for i, finding in enumerate(self.findings, start=1)]

    def __str__(self) -> str:
        lines = [self.title]
        if self.layers:
            lines += ["", *aligned(*self.table())]
        if len(self.history) > 1:
            lines += ["", "Over the epochs:", *aligned(*self.history_table())]
        return "\n".join([*lines, "", *self.findings_text()])

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis in JSON's types; numbers that are not finite are None."""
        layers = [{k: _finite(v) for k, v in asdict(layer).items()} for layer in self.layers]
        return {
            "ok": self.ok,
            "n_examples": self.n_examples,
            "cost": _finite(self.cost),
            "constant_cost": _finite(self.constant_cost),
            "layers": layers,
            "findings": [asdict(finding) for finding in self.findings],
            "history": [health.to_dict() for health in self.history],
        }


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
