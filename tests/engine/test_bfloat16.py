"""Products of less than full precision: the native engine must agree with the reference, which rounds as core does."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from replay import native_engine
from test_native import OPTIMIZER_CASES, examples, gradient_vector, parameters, relative_error, tamed, to_dtype

import needs
from backlit import _native
from backlit.core.activations import ACTIVATIONS
from backlit.core.losses import fitting_pairs
from backlit.core.network import Network
from backlit.core.optimizers import SGD
from backlit.engine import Objective, get_engine
from backlit.engine.native import NativeEngine
from backlit.engine.reference import ReferenceEngine
from backlit.errors import InvalidInputError, UnknownNameError
from every import every, in_turn

PRECISIONS = ["bfloat16", "bfloat16x3"]


def open_native(network, objective, precision, **options):
    """Open a session, or see that the processor's lack is said, and return None."""
    if needs.is_here("bfloat16"):
        return native_engine(precision).open(network, objective, **options)
    with pytest.raises(InvalidInputError, match="AVX512_BF16"):
        NativeEngine(precision)
    return None


# A sum that falls on the other side of a tie rounds to the other neighbor, which is 2⁻⁸ away, in some few of a
# layer's numbers. Operands cut off instead of rounded would be wrong by 3e-3 in all.
NEAR = {"bfloat16": 6e-4, "bfloat16x3": 5e-5}


@every("precision", PRECISIONS)
@every(("pair", "hidden"), in_turn(fitting_pairs(), ACTIVATIONS))
def test_gradient_agrees_with_the_reference_in_less_precision(pair, hidden, precision):
    loss, output = pair
    network = Network.initialize([37, 41, 23, 3], [hidden, hidden, output], seed=3)
    # 64 examples: their share, which the native engine multiplies into the errors before they are rounded, is exact
    x, y, _ = examples(network, loss, 64)
    network = to_dtype(tamed(network, x), "float32")
    x, y = x.astype("float32"), y.astype("float32")
    session = open_native(network, Objective(loss), precision)
    if session is None:
        return
    found = session.cost_and_gradient(x, y)
    truth = ReferenceEngine(precision).open(network, Objective(loss)).cost_and_gradient(x, y)
    assert relative_error(gradient_vector(found), gradient_vector(truth)) <= NEAR[precision]
    assert found.cost == pytest.approx(truth.cost, rel=NEAR[precision])


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "gelu", "silu"])
@pytest.mark.parametrize(("loss", "output"), [("quadratic", "identity"), ("cross_entropy", "softmax")])
def test_three_products_are_nearly_exact(loss, output, hidden):
    network = Network.initialize([60, 100, 80, 5], [hidden, hidden, output], seed=3, dtype="float32")
    x, y, s = examples(network, loss, 100)
    session = open_native(network, Objective(loss), "bfloat16x3")
    if session is None:
        return
    exact = ReferenceEngine().open(to_dtype(network, "float64"), Objective(loss))
    truth = exact.cost_and_gradient(*(np.float64(array) for array in (x, y, s)))
    assert relative_error(gradient_vector(session.cost_and_gradient(x, y, s)), gradient_vector(truth)) <= 1e-5


@every("n_rows", [1, 2, 7, 64, 131])
@every("sizes", [[1, 1], [5, 3, 2], [33, 17, 16, 4], [96, 50, 65, 48]])
def test_whole_numbers_are_multiplied_exactly(sizes, n_rows):
    # bfloat16 holds these, and float32 all their sums, so that nothing rounds and every bit is known
    rng = np.random.default_rng(n_rows)
    weights = [rng.integers(-1, 2, (n_out, n_in)) for n_in, n_out in itertools.pairwise(sizes)]
    network = Network(
        tuple(w.astype("float32") for w in weights),
        tuple(rng.integers(-2, 3, len(w)).astype("float32") for w in weights),
        ("relu",) * (len(weights) - 1) + ("identity",),
    )
    x = (rng.random((n_rows, sizes[0])) < 0.1).astype("float32")
    exact = to_dtype(network, "float64").feedforward(x.astype("float64"))
    session = open_native(network, Objective(), "bfloat16")
    if session is not None:
        np.testing.assert_array_equal(session.feedforward(x), exact)


@every("precision", PRECISIONS)
@every("optimizer", OPTIMIZER_CASES)
def test_steps_agree_with_the_reference_in_less_precision(optimizer, precision):
    network = Network.initialize([12, 33, 3], ["tanh", "softmax"], seed=1, dtype="float32")
    x, y, _ = examples(network, "cross_entropy", 128)
    rates, order = np.full(8, 0.01), np.random.default_rng(0).permutation(128)
    options = {"optimizer": OPTIMIZER_CASES[optimizer]}
    found = open_native(network, Objective("cross_entropy"), precision, **options)
    if found is None:
        return
    truth = ReferenceEngine(precision).open(network, Objective("cross_entropy"), **options)
    costs = [session.run_steps(x, y, order, 16, rates).costs for session in (found, truth)]
    moved = parameters(truth.network()) - parameters(network)
    assert np.linalg.norm(parameters(found.network()) - parameters(network) - moved) <= 2e-2 * np.linalg.norm(moved)
    np.testing.assert_allclose(costs[0], costs[1], rtol=NEAR[precision])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_bits_do_not_depend_on_threads_in_less_precision(precision):
    network = Network.initialize([50, 130, 70, 3], ["relu", "relu", "softmax"], seed=1, dtype="float32")
    x, y, _ = examples(network, "cross_entropy", 1500)
    results = []
    for n_threads in (1, 2, 3):
        session = open_native(network, Objective("cross_entropy"), precision, optimizer=SGD(0.9), n_threads=n_threads)
        if session is None:
            return
        session.run_steps(x, y, np.arange(1500), 500, np.full(3, 0.1))
        results.append(parameters(session.network()))
        results.append(gradient_vector(session.cost_and_gradient(x, y)))
    for result, first in zip(results[2:], results[:2] * 2, strict=True):
        np.testing.assert_array_equal(result, first)


def test_wrong_precisions_are_refused():
    with pytest.raises(UnknownNameError, match="bfloat17"):
        get_engine("reference", "bfloat17")
    with pytest.raises(InvalidInputError, match="float32"):
        get_engine("reference", "bfloat16").open(Network.initialize([2, 2]), Objective())
    if _native.has_bfloat16():
        with pytest.raises(InvalidInputError, match="float32"):
            get_engine("native", "bfloat16").open(Network.initialize([2, 2]), Objective())


WHOLE_NUMBERS = """if True:
    import numpy as np
    from backlit import Network, _native
    from backlit.engine import Objective
    from backlit.engine.native import NativeEngine
    exact = "-"
    if _native.has_bfloat16():
        rng = np.random.default_rng(0)
        w = [rng.integers(-1, 2, shape).astype("float32") for shape in ((50, 97), (19, 50))]
        network = Network(tuple(w), tuple(np.ones(len(w_l), "float32") for w_l in w), ("relu", "identity"))
        x = (rng.random((37, 97)) < 0.1).astype("float32")
        found = NativeEngine("bfloat16").open(network, Objective()).feedforward(x)
        exact = (found == np.maximum(x @ w[0].T + 1, 0) @ w[1].T + 1).all()
    print(_native.instruction_set(), _native.has_bfloat16(), exact)
"""


@pytest.mark.skipif(not _native.has_bfloat16(), reason="takes AVX512_BF16")
@pytest.mark.parametrize(
    ("isa", "expected"), [("amx", "avx512 True True"), ("avx512bf16", "avx512 True True"), ("avx512", "avx512 False -")]
)
def test_bfloat16_has_instruction_sets_of_its_own(isa, expected):
    environment = os.environ | {"BACKLIT_ISA": isa}
    command = [sys.executable, "-c", WHOLE_NUMBERS]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if isa == "amx" and run.returncode != 0:  # a processor with AVX512_BF16 alone
        expected = "this processor, or the compiler that built backlit, has no more than avx512bf16"
    assert expected in run.stdout + run.stderr


def test_instruction_sets_that_are_not_are_refused():
    environment = os.environ | {"BACKLIT_ISA": "avx1024"}
    program = "from backlit import _native; _native.instruction_set()"
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert "must be amx, avx512bf16, avx512, avx2 or baseline, but is 'avx1024'" in run.stderr


def test_a_lesser_instruction_set_refuses():
    program = """if True:
    from backlit.engine import get_engine
    from backlit.errors import InvalidInputError
    try:
        get_engine("native", "bfloat16")
    except InvalidInputError as error:
        print(error)
    """
    environment = os.environ | {"BACKLIT_ISA": "baseline"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "AVX512_BF16, but the engine has baseline" in run.stdout
