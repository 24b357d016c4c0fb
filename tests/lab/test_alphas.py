"""A model whose hidden neurons have α opens in the lab; there α is part of σ, and stands still."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import backlit as bl
from backlit.core.activations import get_activation
from backlit.core.parametric import ParametricActivation, alphas_of
from backlit.errors import InvalidInputError
from backlit.explanation.plain_text import number
from backlit.lab.commands import act, take_in
from backlit.lab.state.deeds import EpochWith
from backlit.lab.state.numbers import number_at
from backlit.lab.state.state import with_built_in
from backlit.lab.step.formula import explain_number
from backlit.lab.talk.protocol import SetNetwork, Step, TakeAway
from backlit.lab.talk.replies import Reference
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.examples import Examples
from backlit.training.options import FitOptions
from backlit.training.run import Run

OPTIONS = TableTraining(
    hidden=(4, 3), epochs=3, batch_size=16, activation="selu", parametric_activation=True, learning_rate=0.1
)


@pytest.fixture(scope="module")
def table():
    x = np.random.default_rng(0).standard_normal((60, 2))
    return pl.DataFrame(x).with_columns(y=pl.Series(np.where(x[:, 0] * x[:, 1] > 0, "like", "unlike")))


@pytest.fixture(scope="module")
def model(table):
    return TableModel.train(table, "y", OPTIONS)


@pytest.fixture
def opened(model, table, tmp_path):
    model.save(tmp_path / "model.safetensors")
    state, _ = take_in(with_built_in("xor"), "model.safetensors", (tmp_path / "model.safetensors").read_bytes())
    return take_in(state, "table.csv", table.write_csv().encode())[0]


def taken(state, kind):
    export = act(state, TakeAway(kind))[1]
    return export.content or base64.b64decode(export.base64)


def same(network, others):
    return all(np.array_equal(a, b) for a, b in zip(alphas_of(network), others, strict=True))


def test_the_lab_sees_what_the_model_answers(opened, model, table):
    assert opened.network.activations == ("parametric selu", "parametric selu", "sigmoid")
    answers = opened.network.feedforward(opened.data.x)
    np.testing.assert_allclose(answers[:, 0], model.predict(table).probabilities[:, 1], rtol=1e-5)


def test_alphas_stand_still_in_steps_and_in_epochs(opened, model):
    alphas = alphas_of(model.network.network)
    stepped, _ = act(opened, Step(3))
    history = opened.history
    trained = opened.with_history(history.with_done(EpochWith("adam", 0.01, None, 0.0, 0), 2))
    for state in (stepped, trained):
        assert not np.array_equal(state.network.weights[0], opened.network.weights[0])
        assert same(state.network, alphas)


def test_an_activation_is_worked_out_with_its_alpha_also_where_there_is_no_target(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    state, _ = take_in(with_built_in("xor"), "model.safetensors", (tmp_path / "model.safetensors").read_bytes())
    assert state.explanation.cost is None
    told = explain_number(state, Reference("a", 2, 1), 12, 6)
    z, alpha = number_at(state.explanation, Reference("z", 2, 1), 0), alphas_of(model.network.network)[0][0]
    assert [each.value for each in told.summands] == pytest.approx([z, alpha])
    s = get_activation("selu").value(np.float64(z))
    assert told.value == pytest.approx(z + alpha * (s - z))
    (row,) = told.rows
    assert all(number(abs(value), 6) in "".join(row.parts[1]) for value in (z, alpha, s))
    sum_of_z = explain_number(state, Reference("z", 2, 1), 12, 6)
    assert "=" not in sum_of_z.rows[0].left and len(sum_of_z.rows[0].parts) == 3


@pytest.mark.parametrize(
    "options", [{"solver": "gd", "learning_rate": 0.5}, {"solver": "adamw", "weight_decay": 0.1}], ids=str
)
def test_both_engines_train_around_them(model, options):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((40, model.network.sizes[0])), rng.integers(0, 2, (40, 1)).astype(float)
    network = model.network.network.in_float64()
    trained = [
        Run.of(FitOptions(epochs=3, engine=engine, **options), network, model.loss, Examples(x, y)).train().network
        for engine in ("native", "reference")
    ]
    for ours, theirs, before in zip(*([*each.weights, *each.biases] for each in (*trained, network)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
        assert not np.array_equal(ours, before)
    assert same(trained[0], alphas_of(network))


def test_what_is_taken_away_has_them(opened, model, tmp_path, capsys):
    state, alphas = act(opened, Step(2))[0], alphas_of(model.network.network)
    (tmp_path / "model.safetensors").write_bytes(taken(state, "model"))
    again = TableModel.load(tmp_path / "model.safetensors")
    assert same(again.network.network, alphas)
    assert np.array_equal(again.network.weights[1], state.network.weights[1])
    document = taken(state, "lab")
    reopened, _ = take_in(with_built_in("xor"), "lab.json", document.encode())
    assert same(reopened.network, alphas)
    assert np.array_equal(reopened.network.weights[0], state.network.weights[0])
    exercise, _ = take_in(with_built_in("xor"), "exercise.json", taken(state, "exercise").encode())
    assert same(exercise.network, alphas)
    exec(taken(state, "backlit"), {})
    printed = capsys.readouterr().out
    assert f"{state.explanation.examples[0].layers[0].a[0]:.5g}"[:6] in printed
    with pytest.raises(InvalidInputError, match="PyTorch has no activation 'parametric selu'"):
        taken(state, "pytorch")


def test_a_network_drawn_anew_has_none(opened):
    asked = SetNetwork((5,), ("parametric selu",), "sigmoid", opened.history.loss, 0, None)
    assert act(opened, asked)[0].network.activations == ("selu", "sigmoid")


def test_embeddings_remain_for_explain(table, tmp_path):
    model = TableModel.train(table, "y", replace(OPTIONS, embedding="pbld"))
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(InvalidInputError, match="The lab has no embeddings yet"):
        take_in(with_built_in("xor"), "model.safetensors", (tmp_path / "model.safetensors").read_bytes())


def test_an_explanation_and_an_exercise_keep_them(opened):
    explanation = opened.explanation
    layer, alpha = explanation.examples[0].layers[0], explanation.parameters[0].alpha[0]
    s = float(get_activation("selu").value(np.float64(layer.z[0])))
    printed = [number(float(value), 6) for value in (layer.z[0], alpha, s)]
    told = " ".join(explanation.to_text().split())
    assert f"a²_1 = z²_1 + α²_1 (s − z²_1) = {printed[0]} + {printed[1]}·({printed[2]} − " in told
    again = bl.Explanation.from_json(explanation.to_json())
    assert isinstance(again.activations[0], ParametricActivation)
    assert np.array_equal(again.parameters[1].alpha, explanation.parameters[1].alpha)
    document = explanation.to_json()
    with pytest.raises(InvalidInputError, match="alpha"):
        bl.Explanation.from_json(document.replace('"alpha"', '"beta"'))
