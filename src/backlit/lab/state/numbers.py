"""Any number of a step, by its name: what the page refers to, and what an answer is compared with."""

from __future__ import annotations

import math

from backlit.errors import InvalidInputError
from backlit.explanation.story.document import Maths, Partial, Symbol
from backlit.explanation.story.maths import CLOSE, OPEN, Symbols
from backlit.explanation.trace.tree import WorkedStep
from backlit.lab.state.deeds import check_place
from backlit.lab.talk.replies import Reference

OF_A_WEIGHT = ("w", "nabla_w", "w_new")
OF_THE_BATCH = ("w", "b", "nabla_w", "nabla_b", "w_new", "b_new")
SPOKEN = {
    "x": "input", "w": "weight", "b": "bias", "z": "weighted input z", "a": "activation a",
    "sigma_prime": "slope sigma prime", "nabla_a": "derivative of the cost by the activation", "delta": "error delta",
    "nabla_b": "gradient of the bias", "nabla_w": "gradient of the weight", "b_new": "bias after the step",
    "w_new": "weight after the step", "y": "target", "cost": "cost",
}  # fmt: skip


def checked(step: WorkedStep, place: Reference) -> Reference:
    """Return a reference that points to a number of a step, or raise what is wrong with it."""
    quantity, last = place.quantity, step.n_layers
    if place.example is not None and not 1 <= place.example <= len(step.examples):
        raise InvalidInputError(f"The batch has examples 1 to {len(step.examples)}, not {place.example}.")
    if quantity == "cost":
        return place
    if quantity == "x":
        place = Reference("x", 1, place.neuron, None, place.example)
    if quantity == "a" and place.layer == 1:
        place = Reference("x", 1, place.neuron, None, place.example)
    if place.layer == 1:
        if place.quantity != "x" or not 1 <= place.neuron <= step.sizes[0]:
            raise InvalidInputError(f"Layer 1 is the input: it has the numbers x_1 to x_{step.sizes[0]} alone.")
        return place
    if quantity == "y" and (place.layer != last or not 1 <= place.neuron <= step.sizes[-1]):
        raise InvalidInputError(f"There are targets y_1 to y_{step.sizes[-1]}, beside layer {last}.")
    if (place.k is None) == (quantity in OF_A_WEIGHT):
        raise InvalidInputError(f"{quantity} needs {'k, the neuron before' if place.k is None else 'no k'}.")
    check_place(step.sizes, place.layer, place.neuron, place.k)
    if quantity in ("sigma_prime", "nabla_a", "delta", "nabla_b", "nabla_w", "b_new", "w_new", "y"):
        if step.cost is None:
            raise InvalidInputError("These examples have no target y, so no error goes back. Give them one.")
        if quantity == "sigma_prime" and step.examples[0].layer(place.layer).sum_exp is not None:
            raise InvalidInputError("softmax has no σ′: each of its outputs depends on every z of the layer.")
    return place


def number_at(step: WorkedStep, place: Reference, example: int) -> float:
    """Return the number that a checked reference points to.

    Parameters
    ----------
    step : WorkedStep
    place : Reference
        Gradients with an example are that example's own.
    example : int
        Counted from 0; of numbers that belong to an example, where the reference has none.
    """
    e = example if place.example is None else place.example - 1
    told = step.examples[e]
    j, k = place.neuron - 1, None if place.k is None else place.k - 1
    if place.quantity == "cost":
        cost = step.cost if place.example is None else told.cost
        return math.nan if cost is None else cost
    if place.quantity == "x":
        return float(told.x[j])
    if place.quantity == "y":
        assert told.y is not None
        return float(told.y[j])
    if place.quantity in ("z", "a"):
        return float(getattr(told.layer(place.layer), place.quantity)[j])
    if place.quantity in ("sigma_prime", "nabla_a", "delta"):
        error = told.layer(place.layer).error
        return float(getattr(error, place.quantity)[j])
    parameters = step.layer_parameters(place.layer)
    if place.quantity in ("w", "b"):
        return float(parameters.b[j] if k is None else parameters.w[j, k])
    if place.example is not None and place.quantity in ("nabla_w", "nabla_b"):
        error = told.layer(place.layer).error
        assert error is not None
        return float(error.delta[j] if k is None else step.nabla_w(place.layer, e)[j, k])
    taken = parameters.step
    assert taken is not None
    array = {"nabla_w": taken.nabla_w, "nabla_b": taken.nabla_b, "w_new": taken.w_after, "b_new": taken.b_after}
    return float(array[place.quantity][j] if k is None else array[place.quantity][j, k])


def symbol_of(step: WorkedStep, place: Reference, example: int = 0) -> Maths:
    """Return the name of a number: ``δ²_1``."""
    symbols, j = Symbols(step.sizes), place.neuron - 1
    many = len(step.examples) > 1
    of = Symbol("C", sub=str(example + 1 if place.example is None else place.example) if many else "")
    match place.quantity:
        case "cost":
            return (Symbol("C") if place.example is None else of,)
        case "x":
            return (symbols.of_neuron("a", 1, j),)
        case "y":
            return (Symbol("y", sub=str(place.neuron)),)
        case "z" | "a":
            return (symbols.of_neuron(place.quantity, place.layer, j),)
        case "delta":
            return (symbols.of_neuron("δ", place.layer, j),)
        case "sigma_prime":
            return (Symbol("σ′"), OPEN, symbols.of_neuron("z", place.layer, j), CLOSE)
        case "nabla_a":
            return (Partial(of, symbols.of_neuron("a", place.layer, j)),)
    own = symbols.of_neuron("b", place.layer, j) if place.k is None else symbols.w(place.layer, j, place.k - 1)
    if place.quantity in ("nabla_w", "nabla_b"):
        return (Partial(Symbol("C") if place.example is None else of, own),)
    return (own,)


def spoken(place: Reference) -> str:
    """Return the name of a number in words, for those who listen to the page."""
    words = SPOKEN[place.quantity]
    if place.quantity == "cost":
        return words if place.example is None else f"{words} of example {place.example}"
    where = f"of layer {place.layer}" if place.quantity not in ("x", "y") else ""
    if place.k is not None:
        return f"{words} from neuron {place.k} of layer {place.layer - 1} to neuron {place.neuron} {where}".strip()
    return f"{words} {place.neuron} {where}".strip()
