"""A lab as its page shows it: the numbers in view, as arrays."""

from __future__ import annotations

import numpy as np

from backlit.explanation.explanation import Explanation
from backlit.explanation.story.selection import largest
from backlit.explanation.trace.tree import ErrorTrace, Floats
from backlit.lab.limits import MOST_SHOWN
from backlit.lab.state.state import LabState
from backlit.lab.step.phases import phases_of
from backlit.lab.talk.replies import FeatureView, LabView, LayerView, NetworkView, Quantity, TimeView, TraceView

ALL_UP_TO, USUAL = 12, 10
"""A layer of so many neurons is shown whole; of a larger one so many are shown."""


def view_of(state: LabState, *, playing: bool = False) -> LabView:
    """Return everything that is in view."""
    history, network = state.history, state.network
    step, trouble = state.step, ""
    if isinstance(step, str):
        trouble = step
    elif not all(np.isfinite(each).all() for each in (*network.weights, *network.biases)):
        trouble = "A weight or bias is NaN or infinite. Go back in time, or reset, and use a smaller learning rate."
    return LabView(
        data=state.data.view(),
        network=NetworkView(
            sizes=network.sizes,
            activations=network.activations,
            loss=history.loss,
            initialization=state.initialization or ("default" if state.drawn else None),
            seed=state.seed,
            n_parameters=network.n_parameters,
        ),
        training=state.training,
        time=TimeView(history.position, history.length, history.now.epochs, playing, history.moves()),
        trace=None if isinstance(step, str) else trace_of(state, step),
        trouble=trouble,
        exercise=None if state.work is None else state.work.view(state.sheet),
        notes=state.notes,
    )


def trace_of(state: LabState, step: Explanation) -> TraceView:
    """Return the step in view."""
    example = step.examples[state.example]
    work = state.work
    costs = [each.cost for each in step.examples if each.cost is not None]
    names = (each.name or f"example {e + 1}" for e, each in enumerate(step.examples))
    hides_cost = work is not None and work.hides_all("cost")
    shown = {layer: shown_neurons(state, step, layer) for layer in range(1, step.n_layers + 1)}
    return TraceView(
        rows=tuple(row + 1 for row in state.rows),
        names=tuple(names),
        example=state.example + 1,
        learning_rate=step.learning_rate,
        cost=float("nan") if hides_cost and step.cost is not None else step.cost,
        cost_after=float("nan") if work is not None and step.cost is not None else step.cost_after,
        costs=np.full(len(costs), np.nan) if hides_cost else np.array(costs, dtype=np.float64),
        example_cost=float("nan") if hides_cost and example.cost is not None else example.cost,
        cost_summands=None if example.cost_summands is None or hides_cost else example.cost_summands,
        x=example.x,
        shown_inputs=shown[1],
        y=example.y,
        features=tuple(
            FeatureView(each.name, each.column, _cell(each.raw_value), each.operation, each.value)
            for each in ([] if example.encoding is None else [example.encoding[k - 1] for k in shown[1]])
        ),
        layers=tuple(_layer(state, step, layer, shown) for layer in range(2, step.n_layers + 1)),
        phases=phases_of(step),
    )


def _cell(raw: object) -> str:
    return "" if raw is None else str(raw)


def shown_neurons(state: LabState, step: Explanation, layer: int) -> tuple[int, ...]:
    """Return the neurons of a layer that the picture shows, counted from 1 and in order."""
    size = step.sizes[layer - 1]
    chosen = tuple(j for j in state.shown.get(layer, ()) if j <= size)
    if chosen:
        return chosen
    if size <= ALL_UP_TO:
        return tuple(range(1, size + 1))
    example = step.examples[state.example]
    if layer == 1:
        # an input matters as far as it comes in and something is done with it
        first = step.layer_parameters(2).w
        sizes = np.abs(example.x) * np.abs(first).sum(axis=0)
    else:
        trace = example.layer(layer)
        sizes = np.abs(trace.a if trace.error is None else trace.error.delta)
    places = largest(np.asarray(sizes), min(USUAL, MOST_SHOWN)) or list(range(USUAL))
    return tuple(sorted(j + 1 for j in places))


def _layer(state: LabState, step: Explanation, layer: int, shown: dict[int, tuple[int, ...]]) -> LayerView:
    trace, parameters = step.examples[state.example].layer(layer), step.layer_parameters(layer)
    error, taken, work = trace.error, parameters.step, state.work
    rows = [j - 1 for j in shown[layer]]
    columns = [k - 1 for k in shown[layer - 1]]
    places = np.ix_(rows, columns)
    own = None
    if error is not None:
        own = np.outer(error.delta[rows], step.examples[state.example].activations(layer - 1)[columns])

    def seen(quantity: Quantity, values: Floats | None) -> Floats | None:
        return values if work is None or values is None else work.masked(quantity, layer, values, rows, columns)

    def vector(quantity: Quantity, values: Floats) -> Floats:
        found = seen(quantity, values)
        assert found is not None
        return found

    return LayerView(
        layer=layer,
        activation=trace.activation,
        z=vector("z", trace.z),
        a=vector("a", trace.a),
        w=parameters.w[places],
        b=parameters.b,
        sigma_prime=seen("sigma_prime", None if error is None else error.sigma_prime),
        nabla_a=seen("nabla_a", None if error is None else error.nabla_a),
        delta=seen("delta", None if error is None else error.delta),
        short_cut=isinstance(error, ErrorTrace) and error.short_cut,
        nabla_w=seen("nabla_w", None if taken is None else taken.nabla_w[places]),
        own_nabla_w=seen("nabla_w", own),
        nabla_b=seen("nabla_b", None if taken is None else taken.nabla_b),
        w_after=seen("w_new", None if taken is None else taken.w_after[places]),
        b_after=seen("b_new", None if taken is None else taken.b_after),
        shown=shown[layer],
    )
