"""Where a number comes from, in words, and what it goes into."""

from __future__ import annotations

from backlit.explanation.trace.tree import WorkedStep
from backlit.lab.state.deeds import EditOf
from backlit.lab.state.state import LabState
from backlit.lab.talk.replies import Reference

MOST = 24
"""Numbers that are listed as made of one."""


def origin_of(state: LabState, place: Reference) -> str:
    """Say where a number that is given comes from; empty for one that is worked out."""
    if place.quantity == "x":
        return _of_input(state, place)
    if place.quantity == "y":
        return f"The target of {state.data.outputs[place.neuron - 1]!r}, as the data say."
    if place.quantity not in ("w", "b"):
        return ""
    for deed, _ in reversed(state.history.deeds):
        if isinstance(deed, EditOf) and (deed.layer, deed.neuron, deed.k) == (place.layer, place.neuron, place.k):
            return "It was set by hand, and has moved with every step since."
    steps = state.history.position
    if not state.drawn:
        start = "It was given with the network"
    elif place.quantity == "b" and state.initialization is None:
        start = "It began at 0"
    else:
        start = f"It was drawn from the seed {state.seed}"
    return f"{start}." if not steps else f"{start}, and has moved with every step since."


def _of_input(state: LabState, place: Reference) -> str:
    e = state.example if place.example is None else place.example - 1
    example = state.explanation.examples[e]
    if example.encoding is None:
        return f"{state.data.features[place.neuron - 1]} of {example.name or 'the example'}, as it is in the data."
    step = example.encoding[place.neuron - 1]
    raw = "nothing" if step.raw_value is None else repr(step.raw_value)
    return f"The column {step.column!r} of {example.name or 'the example'} holds {raw}: {step.operation}."


def goes_into(step: WorkedStep, place: Reference) -> tuple[Reference, ...]:
    """Return numbers that are made of this one, nearest first."""
    layer, j, e, last = place.layer, place.neuron, place.example, step.n_layers
    backwards = step.cost is not None
    match place.quantity:
        case "x" | "a" if layer < last:
            return tuple(Reference("z", layer + 1, k, None, e) for k in range(1, min(step.sizes[layer], MOST) + 1))
        case "a" if backwards:
            return (Reference("nabla_a", layer, j, None, e), Reference("cost", last, 0, None, e))
        case "w" | "b":
            own = (Reference("z", layer, j, None, e),)
            after = (Reference("b_new" if place.k is None else "w_new", layer, j, place.k),)
            return own + (after if backwards else ())
        case "z":
            slope = step.examples[0].layer(layer).sum_exp is None
            next_ones = (Reference("sigma_prime", layer, j, None, e),) if backwards and slope else ()
            return (Reference("a", layer, j, None, e), *next_ones)
        case "sigma_prime" | "nabla_a":
            return (Reference("delta", layer, j, None, e),)
        case "delta":
            before = [
                Reference("nabla_a", layer - 1, k, None, e) for k in range(1, min(step.sizes[layer - 2], MOST) + 1)
            ]
            return (Reference("nabla_b", layer, j), *(before if layer > 2 else ()))
        case "nabla_b":
            return (Reference("b_new", layer, j),)
        case "nabla_w":
            return (Reference("w_new", layer, j, place.k),)
    return ()
