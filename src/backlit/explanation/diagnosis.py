"""How a network fares, layer by layer, and what to try where it does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backlit.core.backpropagation import backpropagate
from backlit.core.figures import FLAT, EpochFigures, measure, relative_slope
from backlit.core.losses import SHORT_CUTS, get_loss
from backlit.core.network import Network
from backlit.core.sample import Sample
from backlit.errors import DivergenceError, InvalidInputError
from backlit.explanation.columns import aligned, percent, short
from backlit.explanation.evidence import Evidence, Finding
from backlit.explanation.findings import findings
from backlit.explanation.problem import HasProblem, Problem, as_problem

MOST_EXAMPLES = 2048
"""Of more examples so many are looked at, evenly spread."""

SAME = 1e-4
"""Neurons of a layer are the same where their weights differ by less than this share of their size."""

SHOWN_EPOCHS = 12
MOST_LAYERS_WITH_DEAD = 5


@dataclass(frozen=True)
class LayerDiagnosis:
    """One layer, with the figures that `LayerFigures` describes, and its gradient.

    Attributes
    ----------
    layer : int
    activation : str
    neurons : int or None
        None where there is no network.
    delta, saturated, dead, weight : float
        See `backlit.core.figures.LayerFigures`.
    delta_ratio : float or None
        ‖δ^l‖ / ‖δ^{l+1}‖: what BP2 made of it; None for the last layer.
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
    history : tuple of EpochFigures
        What was recorded in training.
    """

    n_examples: int
    cost: float
    constant_cost: float
    layers: tuple[LayerDiagnosis, ...]
    findings: tuple[Finding, ...]
    history: tuple[EpochFigures, ...] = ()

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
        for figures in (self.history[place] for place in places):
            deltas = [short(layer.delta, 3) for layer in figures.layers]
            dead = [percent(layer.dead) for layer in figures.layers[: len(hidden)]]
            rows.append([str(figures.epoch), short(figures.cost, 4), *deltas, *dead])
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
            "history": [figures.to_dict() for figures in self.history],
        }


def diagnose(
    model: Network | HasProblem | DivergenceError,
    x: Any = None,
    y: Any = None,
    *,
    loss: str | None = None,
    history: Sequence[EpochFigures] | None = None,
) -> Diagnosis:
    """Look at every layer of a network, and at what was recorded in its training, and say what to try.

    Parameters
    ----------
    model : Network, fitted estimator, TableModel, or DivergenceError
        The error of a training that diverged has what a `Recorder` wrote down until then, and needs no x and y.
    x, y
        Examples as the model takes them; of more than 2,048 so many are looked at.
    loss : str, optional
        Default: the model's own; for a bare network, quadratic.
    history : sequence of EpochFigures, optional
        Default: what the model knows of its training.

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import numpy as np, backlit as bl
    >>> network = bl.Network.initialize([2, 30, 30, 30, 30, 30, 30, 30, 1], "sigmoid", seed=0)
    >>> diagnosis = bl.diagnose(network, np.eye(2), np.ones((2, 1)))
    >>> [finding.kind for finding in diagnosis.findings]
    ['vanishing']
    """
    if history is not None and not all(isinstance(figures, EpochFigures) for figures in history):
        raise InvalidInputError("history must hold what a Recorder wrote down: give recorder.history.")
    if isinstance(model, DivergenceError):
        return _of_history(tuple(model.history if history is None else history), (model.epoch, model.layer))
    if x is None:
        raise InvalidInputError("The examples x are needed to look at the layers. Give a part of the training data.")
    problem = as_problem(model, x, y, loss).in_float64()
    recorded = problem.history if history is None else tuple(history)
    _check_history(problem.network, recorded)
    rows = np.linspace(0, len(problem.x) - 1, min(len(problem.x), MOST_EXAMPLES)).astype(np.int64)
    some = Problem(problem.network, problem.x[rows], problem.y[rows], problem.loss, recorded)
    return _of_network(some, trained=not isinstance(model, Network))


def _check_history(network: Network, history: tuple[EpochFigures, ...]) -> None:
    for figures in history:
        recorded = tuple(layer.activation for layer in figures.layers)
        if recorded != network.activations:
            raise InvalidInputError(
                f"The history is of a network whose layers have the activations {', '.join(recorded)}, but those of "
                f"this one have {', '.join(network.activations)}. Give the history of its own training, or history=()."
            )


def _of_network(problem: Problem, *, trained: bool) -> Diagnosis:
    network, x, y = problem.network, problem.x, problem.y
    name = network.activations[-1]
    now = measure(network, Sample.of(x, y, problem.loss, name))
    with np.errstate(all="ignore"):  # what is not finite is a finding, not a warning
        at = backpropagate(network, x, y, loss=problem.loss)
        nabla_a = np.abs(get_loss(problem.loss, name).nabla_a(at.a[-1], y))
        flat = relative_slope(name, at.z[-1], at.a[-1]) < FLAT
    has_short_cut = (problem.loss, name) in SHORT_CUTS
    wrong_and_flat = 0.0 if has_short_cut else float(np.mean(flat & (nabla_a > 0.5)))
    found = findings(Evidence(now, problem.history, wrong_and_flat, _symmetric_layers(network), trained))
    gradients = [float(np.linalg.norm(nabla_w)) for nabla_w in at.nabla_w]
    layers = _layers(now, problem.history, network.sizes[1:], gradients)
    return Diagnosis(len(x), now.cost, now.constant_cost, layers, found, problem.history)


def _symmetric_layers(network: Network) -> tuple[int, ...]:
    # the outputs are told apart by their targets
    layers = []
    for i, (w, b) in enumerate(zip(network.weights[:-1], network.biases[:-1], strict=True)):
        rows = np.column_stack([w, b])
        if len(rows) > 1 and np.linalg.norm(rows - rows[0]) <= SAME * np.linalg.norm(rows):
            layers.append(i + 2)
    return tuple(layers)


def _of_history(history: tuple[EpochFigures, ...], diverged: tuple[int, int]) -> Diagnosis:
    if not history:
        epoch, layer = diverged
        what = f"A value in layer {layer} became NaN or infinite in epoch {epoch}."
        try_this = "Train with a Recorder (backlit train --diagnose) to see the layers before that."
        return Diagnosis(0, math.nan, math.nan, (), (Finding("not finite", layer, epoch, what, try_this),))
    finite = [figures for figures in history if figures.nonfinite_layer is None]
    now = finite[-1] if finite else history[-1]
    found = findings(Evidence(now, history, diverged=diverged))
    return Diagnosis(0, now.cost, now.constant_cost, _layers(now, history), found, history)


def _layers(
    now: EpochFigures,
    history: tuple[EpochFigures, ...],
    sizes: Sequence[int] | None = None,
    gradients: Sequence[float] | None = None,
) -> tuple[LayerDiagnosis, ...]:
    layers = []
    for i, figures in enumerate(now.layers):
        following = now.layers[i + 1].delta if i + 1 < len(now.layers) else 0.0
        layers.append(
            LayerDiagnosis(
                layer=figures.layer,
                activation=figures.activation,
                neurons=None if sizes is None else sizes[i],
                delta=figures.delta,
                delta_ratio=figures.delta / following if following else None,
                saturated=figures.saturated,
                dead=figures.dead,
                weight=figures.weight,
                gradient=None if gradients is None or not figures.weight else gradients[i] / figures.weight,
                moved=history[-1].layers[i].moved if history else None,
            )
        )
    return tuple(layers)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
