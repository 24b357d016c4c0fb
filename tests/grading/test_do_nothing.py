"""Programs that do nothing, or only a part, at random: none passes, and none earns an equation that it does not show.

One of each kind by default, without some that take seconds; ``BACKLIT_CORPUS=all`` grades all 200, as ``make soak``
does.
"""

from __future__ import annotations

import types

import numpy as np
import pytest
from corpus import EVERY

import backlit as bl

N_PROGRAMS = 200
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

TRUTH = """
import numpy as np

def truth(x, y, weights, biases):
    acts = [x]
    for w, b in zip(weights, biases):
        acts.append(1 / (1 + np.exp(-(w @ acts[-1] + b))))
    d = (acts[-1] - y) * acts[-1] * (1 - acts[-1])
    nb, nw = [], []
    for i in reversed(range(len(weights))):
        nb.insert(0, d.mean(axis=1, keepdims=True))
        nw.insert(0, d @ acts[i].T / x.shape[1])
        d = (weights[i].T @ d) * acts[i] * (1 - acts[i])
    return nb, nw

def like(arrays, f):
    return [f(np.array(v)) for v in arrays]
"""

# what is made of the right gradients nb, nw → the equations that this can show at most
FOUR = {"BP1", "BP2", "BP3", "BP4", "z", "a", "sigma_prime"}
SPOILT = {
    "nb, nw = like(nb, np.zeros_like), like(nw, np.zeros_like)": set(),
    "nb, nw = like(nb, np.ones_like), like(nw, lambda v: v * 0 - {c})": set(),
    "nb, nw = like(nb, lambda v: np.full_like(v, {c})), like(nw, lambda v: np.full_like(v, {c}))": set(),
    "nb, nw = like(nb, lambda v: rng.normal(size=v.shape)), like(nw, lambda v: rng.normal(size=v.shape))": set(),
    "nb, nw = [np.cos({c} + np.arange(v.size)).reshape(v.shape) for v in nb], like(nw, np.ones_like)": set(),
    "nb, nw = like(biases, lambda v: v), like(weights, lambda v: v)": set(),
    "nb, nw = like(biases, lambda v: {c} * v), like(weights, np.zeros_like)": set(),
    "nb, nw = like(nb, lambda v: v * 0 + x.mean()), like(nw, lambda v: v * 0 + {c} * y.mean())": set(),
    "nb, nw = like(nb, lambda v: v * 0 + x[0, 0]), like(nw, lambda v: v * 0 + x[0, 0])": set(),
    "nw = like(nw, np.zeros_like)": FOUR - {"BP4"},
    "nw = like(nw, lambda v: v * 0 + {c})": FOUR - {"BP4"},
    "nb = like(nb, np.zeros_like)": FOUR - {"BP3"},
    "nb = like(biases, lambda v: {c} * v)": FOUR - {"BP3"},
    "nb[:-1], nw[:-1] = like(nb[:-1], np.zeros_like), like(nw[:-1], np.zeros_like)": FOUR - {"BP2"},
    "nb[:-1], nw[:-1] = like(nb[:-1], np.ones_like), like(nw[:-1], lambda v: v * 0 + {c})": FOUR - {"BP2"},
    "nb[-1], nw[-1] = np.zeros_like(nb[-1]), np.zeros_like(nw[-1])": FOUR - {"BP1"},
    "if len(x) != len(y): nb, nw = like(nb, np.zeros_like), like(nw, np.zeros_like)": set(),
    "if len(x) == len(y): nb, nw = like(nb, np.ones_like), like(nw, lambda v: v * 0 + {c})": set(),
    "if len(x) != {n}: nb, nw = like(biases, lambda v: v), like(weights, lambda v: {c} * v)": set(),
    "if len(x) != {n}: raise ValueError('not my size')": set(),
    "if len(weights) > 2: nb, nw = like(nb, lambda v: v * 0 + {c}), like(nw, np.ones_like)": set(),
    "raise NotImplementedError": set(),
    "return None": set(),
}

FORMS = {
    "function": """
def backprop(x, y, weights, biases):
    {body}
    return nb, nw
""",
    "class": """
class Network:
    def __init__(self, sizes):
        self.weights = [np.ones((n, k)) for k, n in zip(sizes, sizes[1:])]
        self.biases = [np.ones((n, 1)) for n in sizes[1:]]

    def backprop(self, x, y):
        weights, biases = self.weights, self.biases
        {body}
        return nb, nw
""",
    "dictionary": """
def backward_propagation(parameters, X, Y):
    x, y, L = X, Y, len(parameters) // 2
    weights, biases = ([parameters[k + str(i + 1)] for i in range(L)] for k in "Wb")
    {body}
    return {{k + str(i + 1): g[i] for i in range(L) for k, g in (("dW", nw), ("db", nb))}}
""",
    "step": """
def train_step(x, y, weights, biases, eta):
    {body}
    return [w - eta * g for w, g in zip(weights, nw)], [b - eta * g for b, g in zip(biases, nb)]
""",
}


def drawn(i: int) -> tuple[str, set[str]]:
    """Return a program, and what it may show."""
    rng = np.random.default_rng(i)
    spoilt = list(SPOILT)[i % len(SPOILT)]
    line = spoilt.format(c=round(float(rng.normal()), 3), n=int(rng.integers(2, 6)))
    body = ["rng = np.random.default_rng()", "nb, nw = truth(x, y, weights, biases)", line]
    form = list(FORMS.values())[int(rng.integers(len(FORMS)))]
    indent = " " * (8 if "class" in form else 4)
    return TRUTH + form.format(body=f"\n{indent}".join(body)), SPOILT[spoilt]


# Numbers that come near nothing are compared with every pair of mistakes. Of those, 1 and 12 are tried in any case.
LONG = {5, 7, 8, 13, 19}
OFTEN = {0, 1, 12}
KINDS = [
    pytest.param(i, marks=[pytest.mark.soak] if i in LONG else [] if i in OFTEN else [pytest.mark.thorough])
    for i in range(len(SPOILT))
]


@pytest.mark.parametrize("i", range(N_PROGRAMS) if EVERY == 1 else KINDS)
def test_nothing_is_earned_by_doing_nothing(i):
    text, may_show = drawn(i)
    program = types.ModuleType("submission")
    exec(compile(text, "submission.py", "exec"), program.__dict__)
    verdict = bl.grade(program, seed=i)
    assert verdict.verdict == "fail", text
    # to take a step is no equation of the backward pass
    assert set(verdict.equations("right")) - {"update"} <= may_show, (text, verdict.findings)


@pytest.mark.parametrize("answer", ["0 * z", "0 * z + 1", "z", "np.array([1.0])", "np.random.normal(size=np.shape(z))"])
def test_functions_of_single_equations_that_do_nothing(answer):
    names = {
        "sigmoid": "z",
        "sigmoid_prime": "z",
        "output_error": "z, y, a",
        "backpropagated_error": "z, w, delta",
        "bias_gradient": "z",
        "weight_gradient": "z, a",
        "weighted_input": "z, w, b",
    }
    text = "import numpy as np\n" + "".join(
        f"def {name}({args}):\n    return {answer}\n" for name, args in names.items()
    )
    program = types.ModuleType("submission")
    exec(compile(text, "submission.py", "exec"), program.__dict__)
    verdict = bl.grade(program, seed=0)
    assert verdict.verdict == "fail"
    # ∂C/∂b = δ is no more than what it is given, for one example at a time
    assert set(verdict.equations("right")) <= ({"BP3"} if answer == "z" else set())


def test_all_of_them_are_tried():
    tried = {drawn(i)[0] for i in range(N_PROGRAMS)}
    assert len(tried) > 0.6 * N_PROGRAMS
