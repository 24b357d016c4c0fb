"""Two runs are described alike exactly if they give the same bits."""

from __future__ import annotations

import dataclasses

import numpy as np

from backlit.core.dropout import Dropout
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.core.penalty import Penalty
from backlit.documents import strict_json
from backlit.engine import Objective, get_engine
from backlit.engine.protocol import OptimizerState
from backlit.persistence.checkpoint_folder import differences
from backlit.training.examples import Examples, Validation
from backlit.training.loop import Plan
from backlit.training.run import Run
from backlit.training.run_description import describe_run, without_idle_seed
from backlit.training.schedules import Constant, Step
from backlit.training.state import TrainingState
from backlit.training.stopping import EarlyStopping
from every import every

X, Y = np.arange(12.0).reshape(4, 3), np.ones((4, 1))
NETWORK = Network.initialize([3, 2, 1], ["tanh", "identity"], seed=1)
RUN = Run(
    get_engine("reference"),
    NETWORK,
    Objective("quadratic", Penalty(l2=0.1)),
    Adam(),
    OptimizerState.zero(NETWORK, Adam()),
    Examples(X, Y),
    Plan(5, 2, Constant(), EarlyStopping(patience=float("inf"))),
    TrainingState(seed=3, rate=0.1),
    Validation(Examples(X[:2], Y[:2]), lambda _: 0.0),
)


class OwnSchedule:
    def rates(self, rate, position):
        return np.full(position.n_steps, rate)

    def on_plateau(self, rate):
        return None


def changed(array, where=(0, 0)):
    array = array.copy()
    array[where] = np.nextafter(array[where], np.inf)
    return array


def replaced(field, **changes):
    return {field: dataclasses.replace(getattr(RUN, field), **changes)}


def memory(change):
    state = OptimizerState.zero(NETWORK, Adam())
    change(state)
    return {"optimizer_state": state}


OTHER = {
    "seed": replaced("state", seed=4),
    "learning rate": replaced("state", rate=0.2),
    "epochs done before": replaced("state", epoch=1),
    "sizes": {"network": Network.initialize([3, 4, 1], ["tanh", "identity"], seed=1)},
    "activations": {"network": dataclasses.replace(NETWORK, activations=("relu", "identity"))},
    "dtype": {"network": Network.initialize([3, 2, 1], ["tanh", "identity"], seed=1, dtype="float32")},
    "weights to begin with": replaced("network", weights=(changed(NETWORK.weights[0]), NETWORK.weights[1])),
    "optimizer's steps before": memory(lambda state: setattr(state, "t", 1)),
    "optimizer's numbers to begin with": memory(lambda state: state.weights[0][1].__setitem__((0, 0), 1e-300)),
    "optimizer.name": {"optimizer": SGD()},
    "optimizer.beta_2": {"optimizer": Adam(beta_2=0.99)},
    "loss": replaced("objective", loss="huber"),
    "penalty.l2": replaced("objective", penalty=Penalty(l2=0.2)),
    "n_epochs": replaced("plan", n_epochs=6),
    "batch_size": replaced("plan", batch_size=3),
    "shuffle": replaced("plan", shuffle=False),
    "schedule.name": replaced("plan", schedule=OwnSchedule()),
    "stopping.patience": replaced("plan", stopping=EarlyStopping(patience=3)),
    "stopping": replaced("plan", stopping=None),
    "training data.numbers": replaced("examples", x=changed(X)),
    "training data.rows": {"examples": Examples(X[:3], Y[:3])},
    "validation data.numbers": {"validation": Validation(Examples(X[:2], changed(Y[:2])), lambda _: 0.0)},
    "validation data": {"validation": None},
    "validation metric": replaced("validation", name="R²"),
}


@every("name", OTHER)
def test_whatever_changes_the_bits_changes_the_description_and_is_named(name):
    other = dataclasses.replace(RUN, **OTHER[name])
    told = differences(describe_run(RUN), describe_run(other))
    assert f"{name} is " in told or f"{name} are " in told


def test_sample_weights_belong_to_the_data():
    weighted = dataclasses.replace(RUN, examples=Examples(X, Y, np.ones(4)))
    assert differences(describe_run(RUN), describe_run(weighted)) == "training data.numbers are not the same"


def test_the_rows_that_are_trained_on_belong_to_the_data():
    some = dataclasses.replace(RUN, examples=Examples(X, Y).only(np.array([0, 1, 2])))
    others = dataclasses.replace(RUN, examples=Examples(X, Y).only(np.array([0, 1, 3])))
    assert describe_run(some)["training data"]["rows"] == 3
    assert differences(describe_run(some), describe_run(others)) == "training data.numbers are not the same"


def test_a_description_is_plain_json_and_the_same_in_every_process():
    plan = Plan(np.int64(5), 2, Step(3, np.float64(0.5)), EarlyStopping(patience=float("inf")))
    description = describe_run(dataclasses.replace(RUN, plan=plan))
    assert strict_json.parse(strict_json.dump(description)) == description
    assert "0x" not in strict_json.dump(describe_run(dataclasses.replace(RUN, **OTHER["schedule.name"])))


def test_arrays_of_another_layout_are_the_same_data():
    fortran = dataclasses.replace(RUN, examples=Examples(np.asfortranarray(X), Y))
    assert describe_run(fortran) == describe_run(RUN)


def test_the_seed_of_dropout_counts_where_neurons_are_dropped():
    # versions before this one described the seed always, each front end its own
    def seeded(seed, **more):
        objective = dataclasses.replace(RUN.objective, dropout_seed=seed, **more)
        return describe_run(dataclasses.replace(RUN, objective=objective))

    assert differences(seeded(1), seeded(2)) == ""
    assert differences(without_idle_seed(seeded(1) | {"dropout_seed": 7}), seeded(2)) == ""
    assert "dropout_seed" in differences(seeded(1, dropout=Dropout(0.5)), seeded(2, dropout=Dropout(0.5)))
