"""What can be done in a lab, command by command: the data, the network, the step and what is in view."""

from __future__ import annotations

import numpy as np
import pytest

import backlit as bl
from backlit.errors import BacklitError
from backlit.lab.commands import act, first_lab, take_in
from backlit.lab.data.builtin import BUILT_IN
from backlit.lab.session import LabSession
from backlit.lab.talk.protocol import (
    Choose,
    ChooseData,
    Edit,
    EnterHomework,
    GoTo,
    Look,
    Open,
    Reset,
    SetNetwork,
    SetTraining,
    Show,
    Step,
    UseTable,
)
from every import every

TABLE = b"size,color,note,price\n" + b"".join(
    b"%d,%s,n%d,%d.5\n" % (i, [b"red", b"blue"][i % 2], i, i * 3 % 7) for i in range(50)
)


def test_a_lab_begins_with_xor_and_says_what_there_is():
    _, opened = act(first_lab(), Open())
    assert opened.view.network.sizes == (2, 2, 1)
    assert [each.name for each in opened.choices.data] == list(BUILT_IN)
    assert next(loss for loss in opened.choices.losses if loss.name == "cross_entropy").activations == (
        "sigmoid", "softmax",
    )  # fmt: skip


@every("name", BUILT_IN)
def test_built_in_sets_have_a_step_to_look_at(name):
    state, view = act(first_lab(), ChooseData(name))
    assert view.trace is not None
    assert len(view.data.features) == view.network.sizes[0]
    assert view.data.encoded.shape[1] == min(24, view.network.sizes[0])
    assert len(view.data.rows[0]) == len(view.data.columns)
    if name not in ("iris", "digits"):  # which are not drawn
        assert np.array_equal(state.data.x, BUILT_IN[name].make().x)


def test_the_view_is_what_explain_says():
    state, view = act(first_lab(), Choose((2, 3), 2))
    told = bl.explain(state.network, state.data.x[1:3], state.data.y[1:3], learning_rate=0.5)
    layer, trace = view.trace.layers[0], told.examples[1].layer(2)
    assert np.array_equal(layer.delta, trace.error.delta)
    assert np.array_equal(layer.nabla_w, told.parameters[0].step.nabla_w)
    assert np.array_equal(layer.own_nabla_w, told.nabla_w(2, 1))
    assert (view.trace.cost, view.trace.cost_after, view.trace.example_cost) == (
        told.cost, told.cost_after, told.examples[1].cost,
    )  # fmt: skip
    assert [(phase.key, phase.layer) for phase in view.trace.phases] == [
        ("input", 1), ("forward", 2), ("forward", 3), ("cost", 3), ("BP1", 3), ("BP2", 2), ("gradients", 3),
        ("update", 3),
    ]  # fmt: skip


def test_a_step_leads_where_the_view_said_and_back():
    state, before = act(first_lab(), Look())
    state, after = act(state, Step())
    assert np.array_equal(after.trace.layers[1].w, before.trace.layers[1].w_after)
    assert after.trace.cost == before.trace.cost_after
    state, back = act(state, GoTo(0))
    assert np.array_equal(back.trace.layers[1].w, before.trace.layers[1].w)
    assert back.time.length == 1


def test_everything_follows_an_edit():
    state, before = act(first_lab(), Look())
    _, after = act(state, Edit(2, 1, before.trace.layers[0].w[0, 1] + 1.0, 2))
    assert after.trace.layers[0].z[0] == pytest.approx(before.trace.layers[0].z[0] + before.trace.x[1])
    assert after.trace.cost != before.trace.cost
    assert (after.time.position, after.time.moves[0].kind) == (1, "edit")


def test_a_reset_gives_the_same_seed_or_another():
    state, before = act(first_lab(), Look())
    stepped, _ = act(state, Step(5))
    _, same = act(stepped, Reset())
    assert np.array_equal(same.trace.layers[0].w, before.trace.layers[0].w)
    assert same.time.length == 0
    other, view = act(stepped, Reset(9))
    assert not np.array_equal(view.trace.layers[0].w, before.trace.layers[0].w)
    assert np.array_equal(act(other, Reset(0))[1].trace.layers[0].w, before.trace.layers[0].w)


def test_a_large_layer_shows_some_neurons_and_others_on_demand():
    state, view = act(first_lab(), SetNetwork((30,), ("tanh",), "sigmoid", "quadratic", 0))
    layer = view.trace.layers[0]
    assert (len(layer.delta), len(layer.shown), layer.w.shape) == (30, 10, (10, len(view.trace.shown_inputs)))
    assert set(layer.shown) == set((np.argsort(-np.abs(layer.delta), kind="stable")[:10] + 1).tolist())
    _, view = act(state, Show(2, (30, 1)))
    assert view.trace.layers[0].shown == (1, 30)
    assert np.array_equal(view.trace.layers[1].w, state.network.weights[1][:, [0, 29]])


def test_a_table_of_ones_own_shows_how_it_is_encoded():
    state, came = take_in(first_lab(), "houses.csv", TABLE)
    assert [column.kind for column in came.columns] == ["number", "category", "category", "number"]
    assert came.suggested_target == "price"
    state, view = act(state, UseTable("price", None, ("note",)))
    assert (view.data.task, view.data.n_training, view.data.n_validation) == ("regression", 40, 10)
    assert {column.name: column.role for column in view.data.columns} == {
        "size": "input", "color": "input", "price": "target", "note": "ignored",
    }  # fmt: skip
    feature = view.trace.features[0]
    assert feature.value == view.trace.x[0]
    assert feature.raw_value == "0"
    assert "u = (0 −" in feature.operation


def test_of_a_wide_table_only_what_is_shown_is_worked_out_and_sent(monkeypatch):
    from backlit.data.encoding import TableEncoding

    described = []
    describe_row = TableEncoding.describe_row
    monkeypatch.setattr(
        TableEncoding, "describe_row", lambda *given: described.append(given[2]) or describe_row(*given)
    )
    n = 100
    rows = [",".join(str((7 * i + k) % 9) for k in range(n)) for i in range(12)]
    table = "\n".join([",".join(f"c{k}" for k in range(n)), *rows]).encode()
    state, _ = take_in(first_lab(), "wide.csv", table)
    state, view = act(state, UseTable("c99", "regression"))
    assert len(view.data.rows[0]) == len(view.data.columns) == 61 < view.data.n_columns == n
    assert view.data.columns[-1].role == "target"
    assert [each.name for each in view.trace.features] == [state.data.features[k - 1] for k in view.trace.shown_inputs]
    for _ in range(3):
        state, _ = act(state, Step())
    # once for the words about the columns, and once for the example in view
    assert len(described) <= 2


def test_one_step_is_the_first_of_several():
    session = LabSession(threads=False)
    session.handle({"id": 1, "command": "Play", "arguments": {"speed": 0, "epochs": 2}})
    while session.turn(1.0):
        pass
    one, _ = act(session.state, Step())
    both, _ = act(session.state, Step(2))
    assert np.array_equal(act(one, Step())[0].network.weights[0], both.network.weights[0])
    assert (one.history.now.epochs, both.history.now.epochs) == (2, 2)


def test_parquet_is_read_too(tmp_path):
    import io

    import polars as pl

    file = tmp_path / "a.parquet"
    pl.read_csv(io.BytesIO(TABLE)).write_parquet(file)
    state, _ = take_in(first_lab(), "a.parquet", file.read_bytes())
    parquet, _ = act(state, UseTable("color"))
    csv, _ = act(take_in(first_lab(), "a.csv", TABLE)[0], UseTable("color"))
    assert np.array_equal(parquet.data.x, csv.data.x)
    assert parquet.data.outputs == csv.data.outputs


HOMEWORK = {
    "sizes": [2, 1],
    "weights": [[[0.5, -1.0]]],
    "biases": [[0.25]],
    "x": [[1.0, 2.0], [0.0, 1.0]],
    "y": [[1.0], [0.0]],
}


def test_homework_is_the_whole_batch_with_its_own_weights():
    state, view = act(first_lab(), EnterHomework(HOMEWORK | {"learning_rate": 0.2}))
    assert (view.trace.rows, view.training.learning_rate) == ((1, 2), 0.2)
    assert view.network.initialization is None
    assert view.trace.layers[0].z[0] == -1.25
    with pytest.raises(BacklitError, match="given, not drawn"):
        act(state, Reset(3))


def test_homework_without_y_has_a_forward_pass_only():
    without = {key: value for key, value in HOMEWORK.items() if key != "y"}
    state, view = act(first_lab(), EnterHomework(without))
    assert view.trace.cost is None
    assert view.trace.layers[0].delta is None
    assert [phase.key for phase in view.trace.phases] == ["input", "forward"]
    with pytest.raises(BacklitError, match="no target y"):
        act(state, Step())


def test_what_is_not_finite_is_shown_and_said():
    state, _ = act(first_lab(), EnterHomework(HOMEWORK | {"activation": "identity", "learning_rate": 1e300}))
    _, view = act(state, Step(3))
    assert "NaN or infinite" in view.trouble
    assert not np.isfinite(view.trace.layers[0].w).all()


@every(
    ("command", "words"),
    [
        (ChooseData("moon"), "'moons'"),
        (UseTable("a"), "Upload"),
        (EnterHomework({"sizes": [1]}), "sizes|missing"),
        (SetNetwork((2,), (), "sigmoid", "quadratic", 0), "1 hidden layers but 0 activations"),
        (SetNetwork((2,), ("tan",), "sigmoid", "quadratic", 0), "activation named 'tan'"),
        (SetNetwork((2,), ("tanh",), "tanh", "cross_entropy", 0), "cross_entropy"),
        (SetNetwork((5000,), ("tanh",), "sigmoid", "quadratic", 0), "1,024 neurons"),
        (SetNetwork((1,) * 20, ("tanh",) * 20, "sigmoid", "quadratic", 0), "12 layers"),
        (SetNetwork((1024, 1024, 1024), ("tanh",) * 3, "sigmoid", "quadratic", 0), "2,000,000 weights"),
        (SetNetwork((2,), ("tanh",), "sigmoid", "quadratic", -1), "seed"),
        (SetTraining("lbfgs", 0.1, None), "nothing to watch"),
        (SetTraining("adam", 0.0, None), "positive"),
        (SetTraining("adam", 0.1, 0), "batch size"),
        (Choose(()), "at least one"),
        (Choose((5,)), "rows from 1 to 4"),
        (Choose((1, 1)), "each once"),
        (Choose((1,), 2), "example from 1 to 1"),
        (Show(2, tuple(range(1, 40))), "16 neurons"),
        (Step(0), "at least 1"),
        (Step(10**6), "1,000 steps"),
        (GoTo(1), "positions 0 to 0"),
        (GoTo(-1), "positions 0 to 0"),
        (Edit(2, 3, 0.0, 1), "neurons 1 to 2"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(command, words):
    with pytest.raises(BacklitError, match=words):
        act(first_lab(), command)


def test_tables_beyond_the_limits_are_refused(monkeypatch):
    from backlit.lab import limits

    monkeypatch.setattr(limits, "MOST_ROWS", 10)
    with pytest.raises(BacklitError, match="up to 10 rows, but 50"):
        act(take_in(first_lab(), "a.csv", TABLE)[0], UseTable("price"))
    with pytest.raises(BacklitError, match="2,000 columns"):
        take_in(first_lab(), "a.csv", b",".join(b"c%d" % i for i in range(2001)) + b"\n" + b"1," * 2000 + b"1\n")
