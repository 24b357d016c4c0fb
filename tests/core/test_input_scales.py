"""The step of weights whose inputs have scales. That both engines take it: tests/engine/test_training_options.py."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from backlit.core.input_scales import apart, together
from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.persistence.checkpoint_file import load_checkpoint
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochSettled
from backlit.training.options import FitOptions


def test_gradients_are_those_by_difference_quotients():
    rng = np.random.default_rng(0)
    v, s, g = rng.standard_normal((4, 3)), np.array([2.0, -0.5, 1e-3]), rng.standard_normal((4, 3))
    cost = lambda v, s: float(np.sum(np.sin(v * s) * g))  # noqa: E731
    found_v, nabla_v, nabla_s = apart(v * s, np.cos(v * s) * g, s)
    np.testing.assert_allclose(found_v, v, rtol=1e-14)
    for nabla, theta in ((nabla_v, v), (nabla_s, s)):
        for at in np.ndindex(theta.shape):
            h = 1e-6 * abs(theta[at])
            theta[at] += h
            up = cost(v, s)
            theta[at] -= 2 * h
            down = cost(v, s)
            theta[at] += h
            assert nabla[at] == pytest.approx((up - down) / (2 * h), rel=1e-5, abs=1e-8)


def test_no_scale_is_too_near_to_zero():
    w, s = together(np.ones((2, 4)), np.array([0.0, -1e-9, 1e-5, -3.0]))
    np.testing.assert_array_equal(s, [1e-4, -1e-4, 1e-4, -3.0])
    np.testing.assert_array_equal(w, [s, s])


def rows():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((60, 3)).astype(np.float32)
    return pl.DataFrame(x).with_columns(y=pl.Series(np.sin(2 * x[:, 0]) + 1e-2 * x[:, 1]))


OPTIONS = TableTraining(
    hidden=(4,),
    epochs=4,
    batch_size=16,
    patience=9,
    solver="adamw",
    input_scales=6.0,
    weight_decay=0.5,
    decay_schedule="flat_cos",
)


@pytest.mark.parametrize("members", [1, 2])
def test_a_run_goes_on_with_the_same_bits(tmp_path, members):
    table, options, folder = rows(), replace(OPTIONS, members=members), tmp_path / "run"

    def interrupt(event):
        if isinstance(event, EpochSettled) and event.state.epoch == 2:
            raise KeyboardInterrupt

    whole = TableModel.train(table, "y", options)
    with pytest.raises(KeyboardInterrupt):
        TableModel.train(table, "y", options, checkpoint=Checkpoint(folder), listeners=[interrupt])
    path = max(folder.rglob("*.safetensors"))
    scales = load_checkpoint(path, whole.whole, ("m", "v")).optimizer_state.scales
    assert [len(each) for each in scales] == [3] * members
    assert all(np.abs(s - 1).max() > 1e-3 for s, _, _ in scales)
    gone_on = TableModel.train(table, "y", options, checkpoint=Checkpoint(folder))
    assert gone_on.predict(table).values.tolist() == whole.predict(table).values.tolist()
    for change in ({"input_scales": 3.0}, {"decay_schedule": "constant"}):
        with pytest.raises(InvalidInputError, match=r"decay_schedule|rates by layer"):
            TableModel.train(table, "y", replace(options, **change), checkpoint=Checkpoint(folder))


def test_what_is_trained_is_the_lectures_network_and_remembers_how():
    model = TableModel.train(rows(), "y", OPTIONS)
    assert type(model.network) is Network
    assert model.training["options"]["input_scales"] == 6.0
    assert model.training["options"]["decay_schedule"] == "flat_cos"
    assert {"input_scales", "decay_schedule"}.isdisjoint(TableTraining().to_dict())
    others = [TableModel.train(rows(), "y", replace(OPTIONS, **{name: value}))
              for name, value in (("input_scales", 0.0), ("decay_schedule", "constant"))]  # fmt: skip
    for other in others:
        assert np.abs(other.network.weights[0] - model.network.weights[0]).max() > 1e-4


def test_what_is_refused():
    with pytest.raises(
        InvalidInputError, match="input_scales, the factor of their rate, must be a number of at least 0"
    ):
        FitOptions(input_scales=-1)
    with pytest.raises(InvalidInputError, match=r"scales of inputs.* but gradient descent came"):
        FitOptions(solver="sgd", input_scales=6)
    with pytest.raises(InvalidInputError, match=r"decay_schedule is for .* adamw, but the solver is 'adam'"):
        FitOptions(decay_schedule="flat_cos")
