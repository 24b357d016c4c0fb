"""The demon and the slice of the cost, as their pages draw them."""

from __future__ import annotations

import math

import numpy as np

from backlit.core.backpropagation import cost
from backlit.errors import InvalidInputError
from backlit.explanation.demon.demon import demon
from backlit.explanation.demon.report import DemonReport
from backlit.explanation.plain_text import number, short
from backlit.explanation.trace.tree import Floats
from backlit.lab.state.deeds import EditOf, check_place, edited
from backlit.lab.state.numbers import number_at
from backlit.lab.state.state import LabState
from backlit.lab.talk.findings import DemonPlaceView, DemonView, RankingView, SliceView
from backlit.lab.talk.protocol import AskDemon, RankNeurons, SliceCost
from backlit.lab.talk.replies import Reference

MOST_DZ = 1e4
SLICE_POINTS = 121
MOST_PLACES = 40


def ask_demon(state: LabState, asked: AskDemon) -> DemonView:
    """Let the demon push at a neuron."""
    if not 0 < abs(asked.dz) <= MOST_DZ:
        raise InvalidInputError(f"Δz must be a number other than 0, up to {MOST_DZ:g} in size, but {asked.dz:g} came.")
    given = state.holding(state.in_view(asked.batch))
    report = demon(given, None, layer=asked.layer, neuron=asked.neuron, dz=asked.dz)
    dz, costs = np.array(report.curve).T
    moves = report.moves

    def column(name: str) -> Floats:
        return np.array([math.nan if getattr(move, name) is None else float(getattr(move, name)) for move in moves])

    return DemonView(
        layer=report.layer,
        neuron=report.neuron,
        activation=report.activation,
        n_examples=report.n_examples,
        z=report.z,
        cost=report.cost,
        delta=report.delta,
        dz=column("dz"),
        change=column("change"),
        predicted=column("predicted"),
        remainder=column("remainder"),
        ratio=column("ratio"),
        lost=column("lost"),
        kinks=tuple(move.kink or "" for move in moves),
        curve_dz=dz,
        curve_cost=costs,
        tangent=report.cost + report.delta * dz,
        conclusion=report.conclusion,
        spoken=_spoken(report),
    )


def _spoken(report: DemonReport) -> str:
    move = report.moves[0]
    moved = "raises" if move.change > 0 else "lowers" if move.change < 0 else "does not change"
    return (
        f"Δz {number(move.dz, 4)} {moved} the cost by {number(abs(move.change), 4)}; "
        f"δ times Δz is {number(move.predicted, 4)}."
    )


def rank_neurons(state: LabState, asked: RankNeurons) -> RankingView:
    """Say where the demon would push."""
    ranking = demon(state.holding(state.in_view(asked.batch)), None)
    places = tuple(
        DemonPlaceView(place.layer, place.neuron, place.delta, place.verdict) for place in ranking.places[:MOST_PLACES]
    )
    return RankingView(ranking.title, places)


def slice_cost(state: LabState, asked: SliceCost) -> SliceView:
    """Return the cost of the batch in view along one weight or bias."""
    if not 0 < asked.reach <= MOST_DZ:
        raise InvalidInputError(f"reach must be above 0 and up to {MOST_DZ:g}, but {short(asked.reach)} came.")
    check_place(state.network.sizes, asked.layer, asked.neuron, asked.k)
    step = state.explanation
    if step.cost is None:
        raise InvalidInputError("These examples have no target y, so there is no cost to look at. Give them one.")
    place = Reference("b" if asked.k is None else "w", asked.layer, asked.neuron, asked.k)
    slope_at = Reference("nabla_b" if asked.k is None else "nabla_w", asked.layer, asked.neuron, asked.k)
    value, slope = number_at(step, place, 0), number_at(step, slope_at, 0)
    values = value + np.linspace(-asked.reach, asked.reach, SLICE_POINTS)
    x, y = state.data.x[list(state.rows)], state.data.y
    assert y is not None
    targets, loss = y[list(state.rows)], state.history.loss
    with np.errstate(all="ignore"):  # far away the cost may overflow, which the curve shows
        costs = [
            float(
                cost(edited(state.network, EditOf(asked.layer, asked.neuron, asked.k, float(v))), x, targets, loss=loss)
            )
            for v in values
        ]
    tangent = step.cost + slope * (values - value)
    return SliceView(place, value, step.cost, slope, values, np.array(costs), tangent)
