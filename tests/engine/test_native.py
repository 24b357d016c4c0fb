"""The native engine must agree with the reference over the whole registry, and give the same bits however it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from replay import native_engine

import needs
from backlit import _native
from backlit.core.activations import ACTIVATIONS
from backlit.core.backpropagation import backpropagate
from backlit.core.losses import LOSSES, definition, fitting_pairs
from backlit.core.network import Network, feedforward
from backlit.core.optimizers import OPTIMIZERS, SGD, Adam, AdamW, RMSprop, argument_values
from backlit.core.penalty import Penalty
from backlit.core.residual_losses import FAMILIES
from backlit.engine import Objective, OptimizerState
from backlit.engine.reference import ReferenceEngine
from backlit.errors import ShapeError
from every import every, in_turn
from random_networks import flat, has_enough_digits, problems

ENGINES = {"reference": ReferenceEngine(), "native": native_engine()}
PENALTIES = {"none": Penalty(), "all": Penalty(l2=0.02, l1=0.01, alpha=0.3)}
OPTIMIZER_CASES = {
    "gradient descent": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "momentum, rate in velocity": SGD(momentum=0.9, rate_in_velocity=True),
    "nesterov, rate in velocity": SGD(momentum=0.9, nesterov=True, rate_in_velocity=True),
    "rmsprop": RMSprop(),
    "adam": Adam(),
    "adamw": AdamW(weight_decay=0.1),
}


def examples(network, loss, n_rows, seed=0):
    """Inputs and targets that the loss allows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, network.sizes[0]))
    n_out = network.sizes[-1]
    if loss == "cross_entropy" and network.activations[-1] == "softmax":
        y = np.eye(n_out)[rng.integers(0, n_out, n_rows)]
    elif loss == "cross_entropy":
        y = rng.integers(0, 2, (n_rows, n_out)).astype(float)
    elif loss == "poisson":
        y = rng.poisson(2.0, (n_rows, n_out)).astype(float)
    else:
        y = rng.normal(size=(n_rows, n_out))
    return x.astype(network.dtype), y.astype(network.dtype), rng.uniform(0.1, 3.0, n_rows).astype(network.dtype)


def tamed(network, x):
    """The network with its weights shrunk until |z| ≤ 3 for x: three exps in a row of more magnify every rounding."""
    weights = []
    for i, w in enumerate(network.weights):
        before = Network((*weights, w), network.biases[: i + 1], network.activations[: i + 1])
        weights.append(w * min(1.0, 3.0 / np.abs(feedforward(before, x)[0][i]).max()))
    return Network(tuple(weights), network.biases, network.activations)


def parameters(network):
    return np.concatenate([array.ravel() for array in (*network.weights, *network.biases)])


def relative_error(value, truth):
    return np.linalg.norm(np.float64(value) - truth) / np.linalg.norm(truth)


def gradient_vector(gradient):
    return flat(gradient.nabla_w, gradient.nabla_b)


def to_dtype(network, dtype):
    return Network(
        tuple(w.astype(dtype) for w in network.weights),
        tuple(b.astype(dtype) for b in network.biases),
        network.activations,
    )


def test_both_engines_know_the_same_names():
    assert set(_native.activations()) == set(ACTIVATIONS)
    assert set(_native.losses()) == set(LOSSES)
    assert set(_native.optimizers()) == set(OPTIMIZERS)
    assert {definition(loss).family for loss, _ in PARAMETRIC_LOSSES} == set(FAMILIES)
    assert {type(optimizer) for optimizer in OPTIMIZER_CASES.values()} == set(OPTIMIZERS.values())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_take_the_same_arguments(name):
    values = argument_values(OPTIMIZERS[name]())
    _native.Optimizer(name, values)
    for left_out in values:
        with pytest.raises(ValueError, match=f"lacks its argument '{left_out}'"):
            _native.Optimizer(name, {argument: value for argument, value in values.items() if argument != left_out})
    with pytest.raises(ValueError, match="no argument named 'more'"):
        _native.Optimizer(name, values | {"more": 1.0})


def test_bindings_refuse_names_and_layers_that_are_not():
    penalty, dropout = _native.Penalty(l2=0.0, l1=0.0, alpha=0.0), _native.Dropout([], 0)
    with pytest.raises(ValueError, match="no optimizer named 'none'"):
        _native.Optimizer("none", {})
    with pytest.raises(ValueError, match="no activation named 'none'"):
        _native.Shape([2, 1], ["none"])
    with pytest.raises(ValueError, match="no loss named 'none'"):
        _native.Objective("none", 0.0, penalty, dropout)
    with pytest.raises(ValueError, match="one activation per layer"):
        _native.Shape([2, 1], [])
    with pytest.raises(ValueError, match="needs a neuron"):
        _native.Shape([2, 0], ["tanh"])


PARAMETRIC_LOSSES = [
    ("huber(0.4)", "tanh"),
    ("huber(2.5)", "identity"),
    ("quantile(0.9)", "identity"),
    ("quantile(0.05)", "relu"),
]


@every("penalty", PENALTIES)
@every(("pair", "hidden"), in_turn([*fitting_pairs(), *PARAMETRIC_LOSSES], ACTIVATIONS))
def test_gradient_agrees_with_the_reference(pair, hidden, penalty):
    loss, output = pair
    # widths that leave padding in every vector, and rows that leave a remainder in every tile
    network = Network.initialize([7, 19, 9, 3], [hidden, hidden, output], seed=3)
    x, y, s = examples(network, loss, 37)
    network = tamed(network, x)
    objective = Objective(loss, PENALTIES[penalty])
    truth = ENGINES["reference"].open(network, objective).cost_and_gradient(x, y, s)
    found = ENGINES["native"].open(network, objective).cost_and_gradient(x, y, s)
    assert relative_error(gradient_vector(found), gradient_vector(truth)) <= 1e-12
    assert found.cost == pytest.approx(truth.cost, rel=1e-12)
    assert found.batch_weight == pytest.approx(truth.batch_weight)

    single = to_dtype(network, "float32")
    found = (
        ENGINES["native"]
        .open(single, objective)
        .cost_and_gradient(x.astype("float32"), y.astype("float32"), s.astype("float32"))
    )
    # the truth for the numbers that float32 can hold
    truth = (
        ENGINES["reference"]
        .open(to_dtype(single, "float64"), objective)
        .cost_and_gradient(np.float64(np.float32(x)), np.float64(np.float32(y)), np.float64(np.float32(s)))
    )
    assert all(array.dtype == np.float32 for array in (*found.nabla_w, *found.nabla_b))
    assert relative_error(gradient_vector(found), gradient_vector(truth)) <= 1e-5


@settings(max_examples=300 if needs.THOROUGH else 100)
@given(problems())
def test_gradient_of_random_networks_agrees_with_the_reference(problem):
    network, x, y, options = problem
    at = backpropagate(network, x, y, **options)
    assume(has_enough_digits(network, at, options["sample_weight"]))
    objective = Objective(options["loss"], options["penalty"])
    truth, s = flat(at.nabla_w, at.nabla_b), options["sample_weight"]
    found = ENGINES["native"].open(network, objective).cost_and_gradient(x, y, s)
    assert relative_error(gradient_vector(found), truth) <= 1e-12
    assert found.cost == pytest.approx(at.cost, rel=1e-12)

    single = to_dtype(network, "float32")
    x, y, s = (None if array is None else np.float32(array) for array in (x, y, s))
    truth = ENGINES["reference"].open(to_dtype(single, "float64"), objective)
    truth = truth.cost_and_gradient(*(None if array is None else np.float64(array) for array in (x, y, s)))
    found = ENGINES["native"].open(single, objective).cost_and_gradient(x, y, s)
    error = relative_error(gradient_vector(found), gradient_vector(truth))
    assert error <= 1e-5


@every("weighted", [False, True])
@every("penalty", PENALTIES)
@every("name", OPTIMIZER_CASES)
@every(("loss", "output"), [("quadratic", "sigmoid"), ("cross_entropy", "softmax")])
def test_steps_agree_with_the_reference(name, penalty, loss, output, weighted):
    network = Network.initialize([6, 17, 4], ["tanh", output], seed=1)
    x, y, s = examples(network, loss, 61)
    s[20:32] = 0.0  # a whole batch that weighs nothing is skipped
    rates = np.linspace(0.02, 0.005, 6)
    order = np.random.default_rng(5).permutation(61)
    order = np.concatenate([order[s[order] > 0], order[s[order] == 0]])
    sessions = {
        engine: ENGINES[engine].open(network, Objective(loss, PENALTIES[penalty]), OPTIMIZER_CASES[name])
        for engine in ENGINES
    }
    for _ in range(5):
        steps = {
            engine: session.run_steps(x, y, order, 11, rates, s if weighted else None)
            for engine, session in sessions.items()
        }
        np.testing.assert_allclose(steps["native"].costs, steps["reference"].costs, rtol=1e-11)
        np.testing.assert_allclose(steps["native"].batch_weights, steps["reference"].batch_weights, rtol=1e-14)
    if weighted:
        assert steps["native"].batch_weights[-1] == 0
    assert relative_error(parameters(sessions["native"].network()), parameters(sessions["reference"].network())) < 1e-10
    states = {engine: session.optimizer_state() for engine, session in sessions.items()}
    assert states["native"].t == states["reference"].t > 0
    for part in ("weights", "biases"):
        for found, truth in zip(getattr(states["native"], part), getattr(states["reference"], part), strict=True):
            assert len(found) == len(truth) == len(OPTIMIZER_CASES[name].slots)
            for slot, slot_truth in zip(found, truth, strict=True):
                assert relative_error(slot, slot_truth) < 1e-9


@pytest.mark.parametrize("name", OPTIMIZER_CASES)
def test_gradient_and_step_apart_equal_both_together(name):
    network = Network.initialize([5, 8, 2], "tanh", seed=1)
    x, y, _ = examples(network, "quadratic", 12)
    objective = Objective("quadratic", Penalty(l2=0.1))
    together = ENGINES["native"].open(network, objective, OPTIMIZER_CASES[name])
    apart = ENGINES["native"].open(network, objective, OPTIMIZER_CASES[name])
    for rate in (0.1, 0.05, 0.02):
        together.run_steps(x, y, np.arange(12), 12, np.array([rate]))
        apart.apply_gradient(apart.cost_and_gradient(x, y), rate)
    assert relative_error(parameters(apart.network()), parameters(together.network())) < 1e-12
    assert apart.optimizer_state().t == 3


@pytest.mark.parametrize("name", OPTIMIZER_CASES)
@pytest.mark.parametrize("engine", ENGINES)
def test_session_goes_on_from_its_state_bit_for_bit(engine, name):
    network = Network.initialize([5, 8, 2], "tanh", seed=1)
    x, y, _ = examples(network, "quadratic", 30)
    rates = np.full(3, 0.01)
    objective, optimizer = Objective(), OPTIMIZER_CASES[name]
    whole = ENGINES[engine].open(network, objective, optimizer)
    first = ENGINES[engine].open(network, objective, optimizer)
    for _ in range(2):
        whole.run_steps(x, y, np.arange(30), 10, rates)
    first.run_steps(x, y, np.arange(30), 10, rates)
    second = ENGINES[engine].open(first.network(), objective, optimizer, first.optimizer_state())
    second.run_steps(x, y, np.arange(30), 10, rates)
    assert parameters(second.network()).tobytes() == parameters(whole.network()).tobytes()


def run_for_bits(network, loss, optimizer, n_threads, n_rows=3000, batch_size=1000):
    x, y, s = examples(network, loss, n_rows)
    session = ENGINES["native"].open(network, Objective(loss, PENALTIES["all"]), optimizer, n_threads=n_threads)
    order = np.random.default_rng(0).permutation(n_rows)
    steps = session.run_steps(x, y, order, batch_size, np.full(-(-n_rows // batch_size), 1e-3), s)
    gradient = session.cost_and_gradient(x, y, s)
    outputs, cost = session.evaluate(x, y, s)
    arrays = [parameters(session.network()), steps.costs, gradient_vector(gradient), outputs, np.array([cost])]
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [[64, 130, 70, 10], [300, 100, 10]])
def test_bits_do_not_depend_on_threads(sizes, dtype):
    network = Network.initialize(sizes, ["relu"] * (len(sizes) - 2) + ["softmax"], seed=2, dtype=dtype)
    bits = {run_for_bits(network, "cross_entropy", Adam(), n_threads) for n_threads in (1, 2, 3, 4)}
    assert len(bits) == 1


def test_bits_do_not_depend_on_the_day():
    network = Network.initialize([64, 130, 70, 10], ["relu", "gelu", "softmax"], seed=2, dtype="float32")
    bits = {run_for_bits(network, "cross_entropy", Adam(), n_threads) for n_threads in (1, 2, 3, 4) for _ in range(20)}
    assert len(bits) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_alone_gives_the_bits_it_gives_in_company(dtype):
    network = Network.initialize([33, 50, 7], ["gelu", "softmax"], seed=2, dtype=dtype)
    x = examples(network, "cross_entropy", 700)[0]
    session = ENGINES["native"].open(network, Objective("cross_entropy"))
    together = session.feedforward(x)
    for n_rows in (1, 2, 3, 5, 17, 48, 49, 255, 257, 699):
        assert session.feedforward(x[:n_rows]).tobytes() == together[:n_rows].tobytes()
    for row in (0, 300, 699):
        assert session.feedforward(x[row : row + 1]).tobytes() == together[row : row + 1].tobytes()


def test_gradient_of_many_rows_is_summed_in_chunks():
    network = Network.initialize([3, 5, 2], "tanh", seed=0)
    x, y, s = examples(network, "quadratic", 5000)
    truth = ENGINES["reference"].open(network, Objective()).cost_and_gradient(x, y, s)
    found = ENGINES["native"].open(network, Objective()).cost_and_gradient(x, y, s)
    assert relative_error(gradient_vector(found), gradient_vector(truth)) <= 1e-12
    assert found.cost == pytest.approx(truth.cost, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_divergence_names_the_layer(engine):
    network = Network.initialize([4, 6, 5, 2], ["relu", "exp", "identity"], seed=0)
    x, y, _ = examples(network, "quadratic", 8)

    def diverged_layer(x):
        session = ENGINES[engine].open(network, Objective())
        return session.run_steps(x, y, np.arange(8), 4, np.full(2, 0.1)).diverged_layer

    assert diverged_layer(x) is None
    assert diverged_layer(np.full_like(x, np.nan)) == 2
    assert diverged_layer(1e5 * np.abs(x)) == 3  # exp overflows

    session = ENGINES[engine].open(network, Objective())
    assert session.run_steps(x, y, np.arange(4), 4, np.array([np.inf])).diverged_layer == 2  # only the update did it


def test_nan_is_never_turned_into_a_number():
    for name in ACTIVATIONS:
        network = Network.initialize([3, 4, 2], [name, "identity"], seed=0, dtype="float32")
        x = np.array([[np.nan, 0.0, 1.0]], dtype="float32")
        assert np.isnan(ENGINES["native"].open(network, Objective()).feedforward(x)).all(), name


@pytest.fixture
def honors_ctrl_c():
    """Python's own handler: a shell starts jobs in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("honors_ctrl_c")
def test_ctrl_c_is_honored():
    network = Network.initialize([200, 100, 10], "sigmoid", seed=0)
    x, y, _ = examples(network, "quadratic", 2000)
    session = ENGINES["native"].open(network, Objective())
    order = np.tile(np.arange(2000), 2000)
    sent = []

    def interrupt():
        sent.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        session.run_steps(x, y, order, 10, np.full(len(order) // 10, 1e-4))
    # 0.1 s is promised; a busy machine may be slow, but must not calculate for longer
    assert time.process_time() - sent[0] < 1.0
    assert np.isfinite(parameters(session.network())).all()


def test_sessions_run_side_by_side():
    network = Network.initialize([30, 40, 5], "sigmoid", seed=0)
    x, y, _ = examples(network, "quadratic", 3000)
    results = [b""] * 6

    def work(i):
        session = ENGINES["native"].open(network, Objective())
        session.run_steps(x, y, np.arange(3000), 10, np.full(300, 0.1))
        results[i] = parameters(session.network()).tobytes()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1


FORK = """
import os
import numpy as np
from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine

network = Network.initialize([64, 130, 10], ["relu", "softmax"], seed=2, dtype="float32")
x, y = np.random.default_rng(0).random((6000, 64), dtype="float32"), np.eye(10, dtype="float32")[np.arange(6000) % 10]

def bits():
    session = NativeEngine().open(network, Objective("cross_entropy"), Adam(), n_threads=2)
    session.run_steps(x, y, np.arange(6000), 1000, np.full(6, 1e-3))
    return session.network().weights[0].tobytes()

before = bits()
child = os.fork()
if child == 0:
    os._exit(0 if bits() == before else 1)
raise SystemExit(os.waitpid(child, 0)[1])
"""


def test_works_after_fork():
    # in a process of its own, since JAX's threads, which other tests start, do not survive a fork
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)


# The best set is what all other tests run on; .ci/run has those of the engine and the estimators on the others, too.
# Here the lesser sets calculate the registry once, without penalties.
@pytest.mark.soak
@pytest.mark.parametrize(
    "isa",
    [pytest.param(isa, marks=pytest.mark.needs(better)) for isa, better in (("baseline", "avx2"), ("avx2", "avx512"))],
)
def test_every_instruction_set_agrees_with_the_reference(isa):
    chosen = "test_gradient_agrees and none or test_steps_agree and none or alone or chunks"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", __file__]
    environment = os.environ | {"BACKLIT_ISA": isa}
    done = subprocess.run([*command, "-k", chosen], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_refuse_the_same_shapes_in_the_same_words(engine):
    network = Network.initialize([4, 3, 2], "sigmoid", seed=0)
    session = ENGINES[engine].open(network, Objective())
    x, y, s = examples(network, "quadratic", 6)
    with pytest.raises(ShapeError, match=r"x must have the shape \(n_examples, 4\), but has \(6, 5\)"):
        session.feedforward(np.ones((6, 5)))
    with pytest.raises(ShapeError, match="x must have"):
        session.feedforward(np.ones(4))
    for call in (session.evaluate, session.cost_and_gradient):
        with pytest.raises(ShapeError, match="6 examples, but y has 4"):
            call(x, y[:4])
        with pytest.raises(ShapeError, match="y must have"):
            call(x, y[:, :1])
        with pytest.raises(ShapeError, match="sample_weight"):
            call(x, y, s[:3])


def test_bindings_refuse_what_does_not_fit():
    network = Network.initialize([4, 3, 2], "sigmoid", seed=0)
    wrapper = ENGINES["native"].open(network, Objective())
    session = wrapper._session
    x, y, s = examples(network, "quadratic", 6)
    rates = np.full(2, 0.1)
    out, costs = np.empty((6, 2)), np.zeros(2)
    with pytest.raises(ValueError, match="5 columns"):
        session.evaluate(np.ones((6, 5)), out)
    with pytest.raises(ValueError, match="out must have"):
        session.evaluate(x, np.empty((5, 2)))
    with pytest.raises(ValueError, match="y must have a row"):
        session.gradient(x, y[:4])
    with pytest.raises(ValueError, match="sample_weight"):
        session.gradient(x, y, s[:3])
    with pytest.raises(ValueError, match="no such layer"):
        session.get_biases(2, -1, np.zeros(2))
    with pytest.raises(ValueError, match="no such slot"):
        session.get_biases(1, 0, np.zeros(2))
    with pytest.raises(ValueError, match="one number per batch"):
        session.run_steps(x, y, np.arange(6), 2, rates, costs, np.zeros(3))
    for order in ([0, 1, 2, 6], [0, -1, 2, 3]):
        with pytest.raises(ValueError, match="order names a row"):
            wrapper.run_steps(x, y, np.array(order), 2, rates)
    with pytest.raises(ValueError, match="n_threads"):
        ENGINES["native"].open(network, Objective(), n_threads=0)


def test_state_of_one_optimizer_is_not_that_of_another():
    network = Network.initialize([4, 3, 2], "sigmoid", seed=0)
    state = OptimizerState.zero(network, Adam())
    assert [len(slots) for slots in state.weights] == [2, 2]
    assert OptimizerState.zero(network, SGD()).weights == [(), ()]
