"""Pictures of a network: each number is one that a function of backlit gives."""

from __future__ import annotations

import numpy as np
import pytest

import backlit as bl
from backlit.errors import BacklitError
from backlit.lab.commands import act
from backlit.lab.pictures.demons import MOST_PLACES
from backlit.lab.state.state import with_built_in
from backlit.lab.talk.protocol import (
    AskDemon,
    EnterHomework,
    Pictures,
    RankNeurons,
    SetNetwork,
    SliceCost,
)
from every import every

XOR, IRIS = with_built_in("xor"), with_built_in("iris")


def test_the_boundary_is_what_the_network_says_there():
    state = IRIS.choosing((7,), 0)
    _, drawn = act(state, Pictures(boundary=True, horizontal=3, vertical=4, resolution=9))
    seen, x = drawn.boundary, state.data.x[7].copy()
    assert seen.names == ("petal_length", "petal_width")
    x[2], x[3] = seen.x[5], seen.y[2]
    assert np.array_equal(seen.outputs[2, 5], state.network.feedforward(x)[0])
    row = state.data.training_rows[4]
    assert seen.points[4].tolist() == [*state.data.x[row, 2:4], state.data.codes()[row]]


def test_one_input_has_a_curve_in_the_boundarys_place():
    state = with_built_in("sine")
    _, drawn = act(state, Pictures(boundary=True))
    assert drawn.boundary is None
    x, y = drawn.fit.curve[40]
    assert state.network.feedforward(np.array([[x]]))[0, 0] == y


def test_the_confusion_table_counts_every_row_once():
    _, drawn = act(IRIS, Pictures(confusion=True))
    table = drawn.confusion
    assert (table.rows, table.counts.sum()) == ("validation", 30)
    assert table.accuracy == pytest.approx(np.trace(table.counts) / 30)
    true = IRIS.data.codes()[IRIS.data.validation_rows]
    assert table.counts.sum(axis=1).tolist() == np.bincount(true, minlength=3).tolist()
    assert act(with_built_in("sine"), Pictures(confusion=True))[1].confusion is None


def test_histograms_count_every_number_of_each_layer():
    _, drawn = act(IRIS, Pictures(histograms=True))
    found = {(each.layer, each.quantity): each.counts.sum() for each in drawn.histograms}
    assert found == {(2, "a"): 32 * 5, (2, "delta"): 32 * 5, (2, "update"): 20,
                     (3, "a"): 32 * 3, (3, "delta"): 32 * 3, (3, "update"): 15}  # fmt: skip


def test_dead_units_are_flagged_as_diagnose_has_it():
    homework = {"sizes": [1, 2, 1], "weights": [[[-1.0], [-2.0]], [[1.0, 1.0]]], "biases": [[-1.0, -1.0], [0.0]],
                "x": [[1.0], [2.0]], "y": [[1.0], [0.0]], "activation": ["relu", "identity"]}  # fmt: skip
    state, _ = act(XOR, EnterHomework(homework))
    _, drawn = act(state, Pictures(flags=True))
    told = bl.diagnose(state.network, state.data.x, state.data.y)
    assert ("dead", 2) in [(flag.kind, flag.layer) for flag in drawn.flags]
    assert [flag.what for flag in drawn.flags] == [finding.what for finding in told.findings]
    assert drawn.health[0].dead == 1.0


@every("batch", [False, True])
def test_the_demon_is_the_lectures(batch):
    state = XOR.choosing((1, 2), 1)
    _, seen = act(state, AskDemon(2, 1, 0.5, batch))
    rows = [1, 2] if batch else [2]
    told = bl.demon(state.network, state.data.x[rows], state.data.y[rows], layer=2, neuron=1, dz=0.5)
    assert seen.change.tolist() == [move.change for move in told.moves]
    assert seen.n_examples == len(rows)
    assert np.isnan(seen.ratio[0])
    assert seen.tangent[0] == pytest.approx(seen.cost + seen.delta * seen.curve_dz[0])
    assert "times Δz is" in seen.spoken


def test_the_ranking_is_the_demons():
    state, _ = act(IRIS, SetNetwork((60,), ("tanh",), "softmax", "cross_entropy", 0))
    _, ranked = act(state, RankNeurons(batch=True))
    assert len(ranked.places) == MOST_PLACES
    assert all(abs(a.delta) >= abs(b.delta) for a, b in zip(ranked.places, ranked.places[1:], strict=False))


@every("k", [None, 2])
def test_a_slice_passes_through_the_step_with_its_gradient(k):
    state = XOR.choosing((1, 2, 3), 0)
    _, seen = act(state, SliceCost(3, 1, k, 1e-4))
    middle = len(seen.values) // 2
    assert seen.values[middle] == pytest.approx(seen.value, abs=1e-15)
    assert seen.costs[middle] == pytest.approx(seen.cost, rel=1e-14)
    assert (seen.costs[-1] - seen.costs[0]) / 2e-4 == pytest.approx(seen.slope, rel=1e-6)


@every(
    "command",
    [
        AskDemon(2, 1, 0.0), AskDemon(2, 1, 1e9), AskDemon(1, 1), AskDemon(2, 9), SliceCost(2, 1, 1, 0.0),
        SliceCost(5, 1), Pictures(boundary=True, horizontal=1, vertical=1), Pictures(boundary=True, vertical=3),
        Pictures(boundary=True, resolution=5000),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said(command):
    with pytest.raises(BacklitError):
        act(XOR, command)
