"""A temperature for the probabilities: the log-loss is least, and no prediction changes."""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.tables.calibration import best_temperature, calibrated
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining


@pytest.mark.parametrize("scale", [0.1, 1.0, 8.0])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_the_log_loss_is_least(n_classes, scale):
    rng = np.random.default_rng(n_classes)
    z = rng.normal(size=(4000, n_classes))
    codes = np.argmax(z + rng.gumbel(size=z.shape), axis=1)  # drawn with the shares softmax(z)
    weight = rng.uniform(0.5, 1.5, 4000)
    temperature = best_temperature((scale * z).astype("float32"), codes, weight)
    assert temperature == pytest.approx(scale, rel=0.15)

    def cost(log_t):
        return -np.average(log_softmax(scale * z / np.exp(log_t), axis=1)[np.arange(4000), codes], weights=weight)

    best = minimize_scalar(cost, bounds=(-3, 3), method="bounded")
    assert cost(np.log(temperature)) == pytest.approx(best.fun, abs=1e-5)


def test_rows_that_are_all_right_do_not_make_it_certain():
    z = np.eye(3)[[0, 1, 2] * 10]
    codes = np.argmax(z, axis=1)
    few, many = best_temperature(z, codes), best_temperature(np.tile(z, (50, 1)), np.tile(codes, 50))
    assert 0.05 < many < few < 1
    assert best_temperature(-z, codes) == pytest.approx(20)  # worse than chance: as unsure as can be
    assert np.isfinite(best_temperature(np.zeros((4, 2)), np.zeros(4, dtype=int)))


def test_the_last_layer_of_each_member_is_divided():
    networks = [Network.initialize([2, 3, 1], ["tanh", "sigmoid"], seed=seed) for seed in (1, 2)]
    x = np.random.default_rng(0).normal(size=(50, 2))
    codes = np.arange(50) % 2
    whole = Ensemble.of(networks)
    z = np.mean([np.log(n.feedforward(x) / (1 - n.feedforward(x))) for n in networks], axis=0)
    cooled, temperature = calibrated(whole, z, codes)
    for before, after in zip(networks, cooled.members, strict=True):
        np.testing.assert_array_equal(after.weights[0], before.weights[0])
        np.testing.assert_allclose(after.weights[1], before.weights[1] / temperature)
        np.testing.assert_allclose(after.biases[1], before.biases[1] / temperature)
    with pytest.raises(InvalidInputError, match="the output layer has tanh"):
        calibrated(Network.initialize([2, 1], ["tanh"]), z, codes)


def noisy(n=400):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 2))
    kind = np.where(x[:, 0] + rng.normal(size=n) > 0, "a", np.where(x[:, 1] > 0.5, "b", "c"))
    return pl.DataFrame({"x": x[:, 0], "y": x[:, 1], "kind": kind})


@pytest.mark.parametrize("classes", ["ab", "abc"])
def test_in_a_model(classes, tmp_path):
    table = noisy().filter(pl.col("kind").is_in(list(classes)))
    options = {"hidden": (16,), "epochs": 20, "learning_rate": 0.05, "label_smoothing": 0.3, "members": 2}
    plain = TableModel.train(table, "kind", TableTraining(**options))
    said = []
    model = TableModel.train(table, "kind", TableTraining(**options, calibrate=True), say=said.append)
    assert model.predict(table).values.tolist() == plain.predict(table).values.tolist()
    assert model.evaluate(table).metrics["cost"] < plain.evaluate(table).metrics["cost"]
    temperature = model.training["temperature"]
    assert temperature < 1
    assert [line for line in said if line.startswith(f"Calibrated: at the temperature {temperature:.3g} ")]
    model.save(tmp_path / "m.safetensors")
    loaded = TableModel.load(tmp_path / "m.safetensors")
    assert loaded.predict(table).probabilities.tolist() == model.predict(table).probabilities.tolist()
    said.clear()
    loaded.explain(table, 1, say=said.append)
    assert said == [
        "The shares of classes are calibrated: after training w^L and b^L were divided by the temperature "
        f"{temperature:.3g}."
    ]


def test_what_cannot_be_calibrated():
    table = noisy(60)
    with pytest.raises(InvalidInputError, match="calibrate is for classes"):
        TableModel.train(table, "x", TableTraining(hidden=(4,), epochs=1, calibrate=True))
    without = TableTraining(hidden=(4,), epochs=1, calibrate=True, validation_fraction=0)
    assert "temperature" not in TableModel.train(table, "kind", without).training
