"""Activations with a trained α, and what keeps and shows them. Both engines: tests/engine/test_training_options.py."""

import pickle
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import backlit as bl
import needs
from backlit.core.activations import ACTIVATIONS, get_activation
from backlit.core.backpropagation import backpass, cost, shares
from backlit.core.dropout import masks, thinned
from backlit.core.embedded import Embedded
from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.ensemble import Ensemble
from backlit.core.network import Network, feedforward
from backlit.core.parametric import ParametricActivation, gradients_of_alphas, plain_name, with_alphas
from backlit.errors import InvalidInputError, ModelFileError, ShapeError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochSettled
from every import every

SIZES, HIDDEN = (4, 5, 3, 2), (5, 3)


def parametric_network(name="mish", seed=0, last="identity"):
    network, rng = Network.initialize(SIZES, [name, name, last], seed=seed), np.random.default_rng(seed)
    empty = (np.zeros(0),) * 2
    biases = (*network.biases, *(rng.uniform(-0.5, 1.5, n) for n in HIDDEN))
    return EmbeddedNetwork((*network.weights, *empty), biases, network.activations, Embedded(alphas=HIDDEN))


@pytest.mark.parametrize("dropped", [False, True])
@every("name", [name for name, sigma in ACTIVATIONS.items() if not sigma.couples])
def test_the_gradient_is_the_one_torch_finds(name, dropped):
    torch = needs.imported("torch")
    network, rng = parametric_network(name).network, np.random.default_rng(1)
    x, y = rng.standard_normal((7, 4)), rng.standard_normal((7, 2))
    s = rng.uniform(0.5, 2, 7)
    share, weight = shares(x, s)
    drawn = masks((0.0, 0.4, 0.3), SIZES, seed=3, step=1, n_rows=7, dtype="float64") if dropped else [None] * 3
    behind, x = thinned(network, x, drawn)
    found = gradients_of_alphas(behind, backpass(behind, x, y, share, weight, loss="quadratic"), share)
    leaves = [torch.tensor(activation.alpha, requires_grad=True) for activation in network.activations[:-1]]
    parameters = (tuple(map(torch.tensor, each)) for each in (network.weights, network.biases))
    as_torch = Network(*parameters, with_alphas([name, name, "identity"], leaves))
    drawn = [None if mask is None else torch.tensor(mask) for mask in drawn]
    as_torch, x = thinned(as_torch, torch.tensor(x), drawn)
    cost(as_torch, x, torch.tensor(y), sample_weight=torch.tensor(s)).backward()
    for nabla, alpha in zip(found, leaves, strict=True):
        np.testing.assert_allclose(nabla, alpha.grad, rtol=1e-10, atol=1e-14)


def test_an_activation_is_its_formula():
    alpha, z = np.array([1.0, 0.0, 0.25]), np.array([[-2.0, -2.0, -2.0]])
    activation = ParametricActivation("relu", alpha)
    np.testing.assert_allclose(get_activation(activation).value(z), [[0.0, -2.0, -1.5]])
    np.testing.assert_allclose(get_activation(activation).derivative(z), [[0.0, 1.0, 0.75]])
    again = pickle.loads(pickle.dumps(activation))
    assert again == "parametric relu"
    custom = bl.CustomActivation("third", lambda z: z / 3, lambda z: z * 0 + 1 / 3)
    assert plain_name(custom) is custom
    assert plain_name(ParametricActivation(custom, alpha)) is custom
    assert plain_name("parametric relu") == "relu"
    assert get_activation(again).value(z).tolist() == get_activation(activation).value(z).tolist()
    with pytest.raises(InvalidInputError, match="softmax does not"):
        ParametricActivation("softmax", alpha)


def test_at_one_it_is_the_activation_itself_and_joined_members_say_the_mean_of_their_z():
    members = [parametric_network(seed=seed, last="softmax") for seed in range(3)]
    x = np.random.default_rng(0).standard_normal((6, 4))
    plain = Network.initialize(SIZES, ["mish", "mish", "softmax"], seed=0)
    at_one = replace(members[0], biases=(*members[0].biases[:3], np.ones(5), np.ones(3)))
    np.testing.assert_allclose(at_one.feedforward(x), plain.feedforward(x), rtol=1e-12)
    joined = Ensemble.of(members).joined()
    assert joined.embedded.alphas == (15, 9)
    z_of_each = [feedforward(member.network, x)[0][-1] for member in members]
    np.testing.assert_allclose(feedforward(joined.network, x)[0][-1], np.mean(z_of_each, axis=0), rtol=1e-12)


def rows():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((60, 2)).astype(np.float32)
    table = pl.DataFrame(x).with_columns(kind=pl.Series(["a", "b", "c"] * 20))
    return table.with_columns(y=pl.Series(np.sin(2 * x[:, 0]) + 1e-2 * x[:, 1]))


OPTIONS = TableTraining(
    hidden=(4, 3), epochs=4, batch_size=16, patience=9, activation="mish", parametric_activation=True,
    learning_rate=0.1,
)  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"members": 2}, {"embedding": "pbld", "embed_above": 2}], ids=str)
def test_a_model_is_kept_shown_and_exported_whole(tmp_path, more):
    table, options, folder = rows(), replace(OPTIONS, **more, weight_average=0.9), tmp_path / "run"

    def interrupt(event):
        if isinstance(event, EpochSettled) and event.state.epoch == 2:
            raise KeyboardInterrupt

    model = TableModel.train(table, "y", options, recorder=bl.Recorder())
    kept = {"checkpoint": Checkpoint(folder), "recorder": bl.Recorder()}
    with pytest.raises(KeyboardInterrupt):
        TableModel.train(table, "y", options, **kept, listeners=[interrupt])
    gone_on = TableModel.train(table, "y", options, **kept)
    model.save(tmp_path / "model.safetensors")
    read = TableModel.load(tmp_path / "model.safetensors")
    predicted = model.predict(table).values
    for other in (gone_on, read):
        assert other.predict(table).values.tolist() == predicted.tolist()
    assert read.network.embedded.alphas == (4, 3)
    moved = read.network.network.activations[0].alpha
    assert np.abs(moved - 1).max() > 1e-3
    assert len(read.training["recorded"]) >= 3
    assert bl.diagnose(model, table) is not None

    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(bl.to_onnx(model).SerializeToString())
    fed = {name: np.array(table[name].to_list(), dtype=(table[name].dtype == pl.String and object) or float)[:, None]
           for name in table.columns[:-1]}  # fmt: skip
    np.testing.assert_allclose(session.run(None, fed)[0].ravel(), predicted, atol=1e-5)
    if "embedding" in more:
        with pytest.raises(InvalidInputError, match="C has no embeddings yet"):
            bl.to_c(model)
    else:
        assert "alpha3[" in bl.to_c(model.network)  # a column of text is no number


def test_folds_have_alphas_each():
    model = TableModel.train(rows(), "y", replace(OPTIONS, folds=2, epochs=1))
    assert [network.embedded for network in (model.network, *model.others)] == [Embedded(alphas=(4, 3))] * 2


def test_an_explanation_goes_through_alpha(tmp_path):
    model, table = TableModel.train(rows(), "y", OPTIONS), rows()
    explanation = model.explain(table, 1)
    step, behind = explanation.examples[0], model.network.network
    assert step.layers[0].activation == "parametric mish"
    z, alpha = np.float64(step.layers[0].z), np.float64(behind.activations[0].alpha)
    np.testing.assert_allclose(step.layers[0].a, z + alpha * (get_activation("mish").value(z) - z), rtol=1e-5)
    h, y = 1e-3, np.float64(step.y)
    moved = []
    for sign in (h, -h):
        w, b = list(behind.in_float64().weights), list(behind.in_float64().biases)
        b[0] = b[0] + sign * np.eye(4)[2]
        moved.append(cost(Network(tuple(w), tuple(b), behind.activations), np.float64(step.x), y))
    assert step.layers[0].error.delta[2] == pytest.approx((moved[0] - moved[1]) / (2 * h), rel=1e-3)
    text = explanation.to_text() if hasattr(explanation, "to_text") else str(explanation)
    assert "parametric mish" in text
    assert "α (s − z)" in text
    again = bl.Explanation.from_json(explanation.to_json())
    assert again.examples[0].layers[0].activation == "parametric mish"


def test_what_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"the solver is 'sgd'\. Use another, or leave out parametric_act"):
        TableTraining(parametric_activation=True, solver="sgd")
    whole = parametric_network()
    with pytest.raises(ShapeError, match="need as many α"):
        replace(whole, embedded=Embedded(alphas=(5, 4)))
    path = tmp_path / "model.safetensors"
    TableModel.train(rows(), "y", replace(OPTIONS, epochs=1)).save(path)
    path.write_bytes(path.read_bytes().replace(b'\\"parametric\\":true', b'\\"parametric\\":1234'))
    with pytest.raises(ModelFileError, match="parametric"):
        TableModel.load(path)
    model = TableModel.train(rows(), "y", replace(OPTIONS, hidden=(), epochs=1))
    assert type(model.network) is Network  # there is no hidden neuron
