"""Pictures of how a network does: curves, confusion table, histograms, and what `diagnose` says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from backlit.core.network import Network
from backlit.errors import BacklitError
from backlit.explanation.diagnosis.diagnose import diagnose
from backlit.explanation.diagnosis.diagnosis import Diagnosis
from backlit.explanation.explanation import explain
from backlit.explanation.trace.network_with_examples import ModelFacts
from backlit.explanation.trace.tree import Floats
from backlit.lab.data.dataset import Dataset
from backlit.lab.pictures.boundary import boundary, fit
from backlit.lab.state.history import Holding
from backlit.lab.talk.findings import (
    ConfusionView,
    CurvesView,
    Flag,
    Histogram,
    LayerHealthView,
    PicturesView,
)
from backlit.lab.talk.protocol import Pictures

if TYPE_CHECKING:
    from backlit.training.events import EpochRecord

MOST_CURVE = 400
"""Points of a curve."""
BINS = 24
LOOKED_AT = 32
"""Rows whose a, δ and step the histograms show."""
DIAGNOSED = 256


def pictures(
    data: Dataset,
    network: Network,
    loss: str,
    rate: float,
    asked: Pictures,
    records: Sequence[tuple[int, EpochRecord]],
    row: int,
) -> PicturesView:
    """Draw what was asked for.

    Parameters
    ----------
    data : Dataset
    network : Network
        At the moment.
    loss : str
    rate : float
        μ of the step whose changes a histogram shows.
    asked : Pictures
    records : sequence of (int, EpochRecord)
        Positions in the history, and what each epoch cost.
    row : int
        The example in view, counted from 0.
    """
    found = diagnosis(data, network, loss) if asked.flags else None
    return PicturesView(
        curves=curves(data, records) if asked.curves else None,
        boundary=boundary(data, network, asked, row) if asked.boundary else None,
        fit=fit(data, network) if asked.boundary else None,
        confusion=confusion(data, network) if asked.confusion else None,
        histograms=histograms(data, network, loss, rate) if asked.histograms else (),
        flags=() if found is None else _flags(found),
        health=() if found is None else _health(found),
    )


def curves(data: Dataset, records: Sequence[tuple[int, EpochRecord]]) -> CurvesView:
    """Return what each epoch cost; of very many, some, evenly spread."""
    n = len(records)
    some = [records[i][1] for i in np.unique(np.linspace(0, n - 1, min(n, MOST_CURVE)).astype(int))] if n else []
    validated = [record for record in some if record.validation_cost is not None]

    def column(name: str, of: Sequence[EpochRecord]) -> Floats:
        return np.array([getattr(record, name) for record in of], dtype=np.float64)

    return CurvesView(
        epochs=column("epoch", some),
        cost=column("cost", some),
        validation_cost=column("validation_cost", validated),
        validation_metric=column("validation_metric", validated),
        metric="" if data.target is None else data.target.metric_name,
    )


def confusion(data: Dataset, network: Network) -> ConfusionView | None:
    """Return how many rows of each class the network takes for which; None where there are no classes."""
    if data.target is None or data.target.classes is None or data.y is None:
        return None
    held_out = len(data.validation_rows) > 0
    rows = data.validation_rows if held_out else data.training_rows
    labels = data.labels()
    with np.errstate(all="ignore"):
        said = data.target.codes(np.asarray(network.feedforward(data.x[rows])))
    true = data.target.codes(data.y[rows])
    counts = np.zeros((len(labels), len(labels)))
    np.add.at(counts, (true, said), 1)
    right = float(np.mean(true == said))
    return ConfusionView(labels, counts, right, "validation" if held_out else "training")


def histograms(data: Dataset, network: Network, loss: str, rate: float) -> tuple[Histogram, ...]:
    """Return how a, δ and the changes of a step are spread in every layer, over some training rows."""
    if data.y is None:
        return ()
    rows = data.training_rows[:LOOKED_AT].tolist()
    try:
        with np.errstate(all="ignore"):
            given = data.examples(network, rows, loss, rate)
            step = explain(Holding(replace(given, facts=ModelFacts(learning_rate=rate))))
    except BacklitError:
        return ()
    found = []
    for layer in range(2, step.n_layers + 1):
        traces = [example.layer(layer) for example in step.examples]
        parameters = step.layer_parameters(layer)
        found.append(_histogram(layer, "a", np.concatenate([trace.a for trace in traces])))
        deltas = [trace.error.delta for trace in traces if trace.error is not None]
        found.append(_histogram(layer, "delta", np.concatenate(deltas)))
        if parameters.step is not None:
            found.append(_histogram(layer, "update", (parameters.step.w_after - parameters.w).ravel()))
    return tuple(found)


def _histogram(layer: int, quantity: str, values: Floats) -> Histogram:
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite if finite.size else np.zeros(1), bins=BINS)
    return Histogram(layer, quantity, edges, counts.astype(np.float64))  # type: ignore[arg-type]


def diagnosis(data: Dataset, network: Network, loss: str) -> Diagnosis | None:
    """Return what `diagnose` says of the network on some training rows."""
    if data.y is None:
        return None
    rows = data.training_rows[:: max(1, len(data.training_rows) // DIAGNOSED)]
    try:
        return diagnose(network, data.x[rows], data.y[rows], loss=loss, history=())
    except BacklitError:
        return None


def _flags(found: Diagnosis) -> tuple[Flag, ...]:
    return tuple(Flag(each.kind, each.layer or 0, each.what, each.try_this) for each in found.findings)


def _health(found: Diagnosis) -> tuple[LayerHealthView, ...]:
    return tuple(
        LayerHealthView(each.layer, each.dead, each.saturated, each.delta, each.weight) for each in found.layers
    )
