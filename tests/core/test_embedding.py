"""Embeddings of numbers and categories, and what keeps and shows them. Both engines:
tests/engine/test_training_options.py.
"""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import backlit as bl
import needs
from backlit.core.backpropagation import backpropagate, cost
from backlit.core.embedded import Embedded
from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.embedding import Embedding, embed, embedding_gradient
from backlit.core.ensemble import Ensemble
from backlit.core.network import Network, feedforward
from backlit.errors import InvalidInputError, ModelFileError, ShapeError, UnknownNameError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochSettled

torch = needs.imported("torch")


BOTH = Embedded((7, 0, 7), ((1, 4), (4, 6)))
KINDS = {"numbers": Embedded((2, 0, 2)), "categories": Embedded((), ((1, 4), (4, 6))), "both": BOTH}


def embedded_network(embedded=BOTH, seed=0, last="identity"):
    network = Network.initialize([8 + embedded.n_added, 5, 2], ["tanh", last], seed=seed)
    return EmbeddedNetwork.of(network, Embedding.initialize(embedded, seed=seed, dtype="float64"))


@pytest.mark.parametrize("embedded", KINDS.values(), ids=KINDS)
def test_gradient_is_the_one_torch_finds(embedded):
    whole, rng = embedded_network(embedded), np.random.default_rng(1)
    x, y, share = rng.standard_normal((7, 8)), rng.standard_normal((7, 2)), np.full((7, 1), 1 / 7)
    network, embedding = whole.network, whole.embedding
    at = embed(embedding, x)
    delta = backpropagate(network, at.out, y).delta[0]
    found = embedding_gradient(embedding, at, network.weights[0], delta, share)
    parts = embedding.weights, embedding.biases
    weights, biases = leaves = [tuple(torch.tensor(each, requires_grad=True) for each in part) for part in parts]
    parameters = (tuple(map(torch.tensor, each)) for each in (network.weights, network.biases))
    as_torch = Network(*parameters, network.activations)
    out = embed(Embedding(embedded, weights, biases), torch.tensor(x)).out
    cost(as_torch, out, torch.tensor(y)).backward()
    for nablas, thetas in zip(found, leaves, strict=True):
        for nabla, theta in zip(nablas, thetas, strict=True):
            np.testing.assert_allclose(nabla, theta.grad, rtol=1e-10, atol=1e-14)


def test_an_embedding_is_its_formula():
    embedding = Embedding.initialize(Embedded((3,), ((0, 2),)), seed=3, dtype="float64")
    (w_1, w_2, w), (b_1, b_2, _) = embedding.weights, embedding.biases
    inner, b = np.cos(2 * np.pi * w_1[0] * 0.3 + b_1[0]), np.arange(8.0)
    embedding = replace(embedding, biases=(b_1, b_2, b[None]))
    expected = [*(w_2[0] @ inner + b_2[0]), *(w[1] + b), 9.0, 0.3]
    np.testing.assert_allclose(embed(embedding, np.array([[0.0, 1.0, 9.0, 0.3]])).out[0], expected, rtol=1e-13)


def test_joined_members_say_the_mean_of_their_z():
    members = [embedded_network(seed=seed, last="softmax") for seed in range(3)]
    x = np.random.default_rng(0).standard_normal((4, 8))
    joined = Ensemble.of(members).joined()
    assert joined.sizes == (8, 15, 2)
    z_of_each = [feedforward(member.network, member.expanded(x))[0][-1] for member in members]
    z = feedforward(joined.network, joined.expanded(x))[0][-1]
    np.testing.assert_allclose(z, np.mean(z_of_each, axis=0), rtol=1e-12)


def rows():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((60, 2)).astype(np.float32)
    table = pl.DataFrame(x).with_columns(kind=pl.Series(["a", "b", "c"] * 20))
    return table.with_columns(y=pl.Series(np.sin(2 * x[:, 0]) + 1e-2 * x[:, 1]))


OPTIONS = TableTraining(
    hidden=(4,), epochs=4, batch_size=16, patience=9, embedding="pbld", embed_above=2, input_scales=6.0
)


@pytest.mark.parametrize("members", [1, 2])
def test_a_model_is_kept_shown_and_exported_whole(tmp_path, members):
    table, options, folder = rows(), replace(OPTIONS, members=members, weight_average=0.9), tmp_path / "run"

    def interrupt(event):
        if isinstance(event, EpochSettled) and event.state.epoch == 2:
            raise KeyboardInterrupt

    model = TableModel.train(table, "y", options, recorder=bl.Recorder())
    with pytest.raises(KeyboardInterrupt):
        TableModel.train(table, "y", options, checkpoint=Checkpoint(folder), listeners=[interrupt])
    gone_on = TableModel.train(table, "y", options, checkpoint=Checkpoint(folder))
    model.save(tmp_path / "model.safetensors")
    read = TableModel.load(tmp_path / "model.safetensors")
    predicted = model.predict(table).values
    for other in (gone_on, read):
        assert other.predict(table).values.tolist() == predicted.tolist()
    assert read.network.embedded == Embedded((0, 1), ((2, 6),))  # a, b, c, and other
    assert len(read.training["recorded"]) >= 3

    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(bl.to_onnx(model).SerializeToString())
    fed = {name: np.array(table[name].to_list(), dtype=(table[name].dtype == pl.String and object) or float)[:, None]
           for name in table.columns[:-1]}  # fmt: skip
    np.testing.assert_allclose(session.run(None, fed)[0].ravel(), predicted, atol=1e-5)
    with pytest.raises(InvalidInputError, match="C has no embeddings yet"):
        bl.to_c(model)


def test_every_fold_has_the_embeddings():
    model = TableModel.train(rows(), "y", replace(OPTIONS, folds=2, epochs=1))
    assert [network.embedded for network in (model.network, *model.others)] == [Embedded((0, 1), ((2, 6),))] * 2


def test_an_explanation_shows_embedded_numbers_and_their_error():
    model, table = TableModel.train(rows(), "y", OPTIONS), rows()
    step = model.explain(table, 1).examples[0]
    x = model.encoder.transform(table[:1])
    np.testing.assert_allclose(step.x, model.network.expanded(x)[0], rtol=1e-6)
    h, behind, y = 1e-3, model.network.network.in_float64(), np.float64(step.y)
    up, down = (cost(behind, np.float64(step.x) + sign * np.eye(len(step.x))[4], y) for sign in (h, -h))
    told = step.encoding[4]
    assert told.name == "column_1 (embedding 2)"
    assert "e_2 = W₂ cos(2π w₁ u + b₁) + b₂ of u = " in told.operation
    delta = float(told.operation.split("δ² = ")[1].split(";")[0].replace("−", "-"))
    assert delta == pytest.approx((up - down) / (2 * h), rel=1e-3)
    category = step.encoding[6]
    assert (category.name, category.column) == ("kind (embedding 1)", "kind")
    assert "c_1 = w + b, w of (kind = a)" in category.operation
    assert len(step.encoding) == len(step.x) == 2 * 3 + 8 + 2  # no input for each value
    assert bl.explain(model, table[:1].drop("y")).examples[0].y is None
    assert bl.diagnose(model, table) is not None


def test_what_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="pbld"):
        TableTraining(embedding="ple")
    with pytest.raises(InvalidInputError, match="the solver is 'sgd'"):
        TableTraining(embedding="pbld", solver="sgd")
    with pytest.raises(InvalidInputError, match="Dropout of inputs cannot go with embeddings"):
        TableTraining(embedding="pbld", dropout_input=0.1)
    with pytest.raises(InvalidInputError, match="embed_above must be at least 0"):
        TableTraining(embed_above=-1)
    with pytest.raises(InvalidInputError, match="or leave out embed_above"):
        TableTraining(embed_above=8, solver="sgd")
    with pytest.raises(InvalidInputError, match="among the 8"):
        embedded_network(Embedded((8,)))
    with pytest.raises(InvalidInputError, match="values of an embedded category must be among the 8"):
        embedded_network(Embedded((), ((7, 9),)))
    with pytest.raises(InvalidInputError, match="both as a number and as a value"):
        embedded_network(Embedded((3,), ((2, 5),)))
    whole = embedded_network()
    with pytest.raises(ShapeError, match="4 weights and 5 biases came"):
        replace(whole, weights=whole.weights[:4])
    path = tmp_path / "model.safetensors"
    TableModel.train(rows(), "y", replace(OPTIONS, epochs=1)).save(path)
    path.write_bytes(path.read_bytes().replace(b'\\"columns\\":[0,1]', b'\\"columns\\":[0,9]'))
    with pytest.raises(ModelFileError, match=r"embedding.columns\[1\]"):
        TableModel.load(path)
    path.write_bytes(path.read_bytes().replace(b'\\"columns\\":[0,9]', b'\\"columns\\":[0,1]'))
    path.write_bytes(path.read_bytes().replace(b'\\"categories\\":[[2,6]]', b'\\"categories\\":[[2,9]]'))
    with pytest.raises(ModelFileError, match=r"embedding.categories\[0\]\[1\]"):
        TableModel.load(path)
    plain = TableModel.train(pl.DataFrame({"kind": ["a", "b"] * 20, "y": [0.0, 1.0] * 20}), "y", OPTIONS)
    assert type(plain.network) is Network  # there is no number to embed, and no category of more than two values
