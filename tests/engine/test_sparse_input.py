"""A sparse input gives the numbers of the dense one, on both engines, and never becomes dense."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from test_native import ENGINES, OPTIMIZER_CASES, PENALTIES, examples, gradient_vector, parameters, relative_error

from backlit.core.activations import ACTIVATIONS
from backlit.core.dropout import Dropout
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective
from backlit.errors import ShapeError
from every import every, in_turn

FORMATS = {"array": scipy.sparse.csr_array, "matrix": scipy.sparse.csr_matrix}


def sparse_examples(network, loss, n_rows, dtype="float64"):
    """x by rows with a tenth of its numbers, some rows empty; y and sample weights."""
    x, y, s = examples(network, loss, n_rows)
    x[np.random.default_rng(1).random(x.shape) > 0.1] = 0
    x[::7] = 0
    return scipy.sparse.csr_array(x.astype(dtype)), y.astype(dtype), s.astype(dtype)


@every("engine", ENGINES)
@every(("hidden", "kind"), in_turn(ACTIVATIONS, FORMATS))
def test_gradient_and_outputs_agree_with_the_dense_ones(hidden, engine, kind):
    network = Network.initialize([50, 19, 3], [hidden, "identity"], seed=3)
    x, y, s = sparse_examples(network, "quadratic", 2100)
    dense, sparse = (ENGINES[engine].open(network, Objective()) for _ in range(2))
    truth, found = dense.cost_and_gradient(x.toarray(), y, s), sparse.cost_and_gradient(FORMATS[kind](x), y, s)
    assert relative_error(gradient_vector(found), gradient_vector(truth)) <= 1e-12
    assert found.cost == pytest.approx(truth.cost, rel=1e-12)
    (a, cost), (a_true, cost_true) = sparse.evaluate(x, y, s), dense.evaluate(x.toarray(), y, s)
    np.testing.assert_allclose(a, a_true, rtol=1e-12, atol=1e-14)
    assert cost == pytest.approx(cost_true, rel=1e-12)
    np.testing.assert_allclose(sparse.feedforward(x[:5]), a_true[:5], rtol=1e-12, atol=1e-14)
    # one after the other in one session
    np.testing.assert_allclose(sparse.feedforward(x.toarray()), a_true, rtol=1e-12, atol=1e-14)


OPTIONS = {
    "plain": (None, None),
    "dropout of the input": (Dropout(0.3, input=0.4), None),
    "clipping": (None, 0.2),
}


@every("options", OPTIONS)
@every("engine", ENGINES)
@every(("name", "penalty"), in_turn(OPTIMIZER_CASES, PENALTIES))
def test_steps_equal_the_dense_ones(name, engine, penalty, options):
    # rules with a memory or a decay move weights whose input was never there, and must here too
    network = Network.initialize([40, 17, 4], ["tanh", "softmax"], seed=1)
    x, y, s = sparse_examples(network, "cross_entropy", 61)
    dropout, clip_norm = OPTIONS[options]
    objective = Objective("cross_entropy", PENALTIES[penalty], dropout, dropout_seed=5)
    order = np.random.default_rng(5).permutation(61)
    dense, sparse = (
        ENGINES[engine].open(network, objective, replace(OPTIMIZER_CASES[name], clip_norm=clip_norm)) for _ in range(2)
    )
    for _ in range(4):
        truth = dense.run_steps(x.toarray(), y, order, 11, np.linspace(0.02, 0.005, 6), s)
        found = sparse.run_steps(x, y, order, 11, np.linspace(0.02, 0.005, 6), s)
        np.testing.assert_allclose(found.costs, truth.costs, rtol=1e-11)
    assert relative_error(parameters(sparse.network()), parameters(dense.network())) < 1e-10


@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_do_not_depend_on_threads(dtype, optimizer):
    network = Network.initialize([300, 130, 10], ["relu", "softmax"], seed=2, dtype=dtype)
    x, y, s = sparse_examples(network, "cross_entropy", 1800, dtype)
    bits = set()
    for n_threads in (1, 2, 3):
        session = ENGINES["native"].open(network, Objective("cross_entropy"), optimizer, n_threads=n_threads)
        steps = session.run_steps(x, y, np.arange(1800), 600, np.full(3, 1e-2), s)
        bits.add(parameters(session.network()).tobytes() + steps.costs.tobytes() + session.feedforward(x).tobytes())
    assert len(bits) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_shapes_are_refused_in_the_same_words(engine):
    network = Network.initialize([4, 3, 2], "sigmoid", seed=0)
    session = ENGINES[engine].open(network, Objective())
    x, y, s = sparse_examples(network, "quadratic", 6)
    with pytest.raises(ShapeError, match=r"x must have the shape \(n_examples, 4\), but has \(6, 3\)"):
        session.feedforward(x[:, :3])
    with pytest.raises(ShapeError, match="6 examples, but y has 4"):
        session.cost_and_gradient(x, y[:4])
    with pytest.raises(ShapeError, match="sample_weight"):
        session.cost_and_gradient(x, y, s[:3])


def test_bindings_refuse_a_broken_matrix():
    network = Network.initialize([4, 3, 2], "sigmoid", seed=0)
    session, out = ENGINES["native"].open(network, Objective())._session, np.empty((2, 2))
    starts, columns, values = np.array([0, 1, 2]), np.array([0, 3], dtype=np.int32), np.ones(2)
    session.evaluate((starts, columns, values, 4), out)
    for broken, message in [
        ((starts, columns, values, 5), "5 columns"),
        ((starts, np.array([0, 4], dtype=np.int32), values, 4), "in no column"),
        ((starts, np.array([-1, 3], dtype=np.int32), values, 4), "in no column"),
        ((np.array([0, 1, 3]), columns, values, 4), "hold all its values"),
        ((np.array([0, 3, 2]), columns, values, 4), "follow one another"),
        ((starts, columns, values[:1], 4), "hold all its values"),
    ]:
        with pytest.raises(ValueError, match=message):
            session.evaluate(broken, out)


MEMORY = """
import resource, sys, warnings
import numpy as np, scipy.sparse
from backlit import MLPClassifier

n, in_a_row = 12_000, 6  # 576 MB as float32
rng = np.random.default_rng(0)
columns = np.sort(rng.integers(0, n, (n, in_a_row))).ravel()
starts = np.arange(0, n * in_a_row + 1, in_a_row)
x = scipy.sparse.csr_array((np.ones(n * in_a_row, np.float32), columns, starts), (n, n))
y = np.arange(n) % 2
classifier = MLPClassifier((8,), batch_size=1000, max_iter=1, random_state=0, engine=sys.argv[1], early_stopping=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
warnings.simplefilter("ignore")
classifier.fit(x, y).predict_proba(x)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["native", pytest.param("reference", marks=pytest.mark.thorough)])
def test_memory_does_not_grow_with_rows_times_features(engine):
    # in a process of its own, whose high-water mark is not that of other tests
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, engine], check=True, capture_output=True, text=True, timeout=300
    )
    assert int(done.stdout) < 150
