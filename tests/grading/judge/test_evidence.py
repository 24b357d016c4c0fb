"""Which equations numbers show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backlit.grading.judge.algorithm import run
from backlit.grading.judge.evidence import n_wrong, shown
from backlit.grading.judge.matching import NO_MISTAKES
from backlit.grading.judge.own_steps import judge_own_steps
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Task, draw_cases

TASK = Task("sigmoid", "sigmoid", "quadratic")
GRADIENTS = ("nabla_b", "nabla_w")
CASES = draw_cases(5, TASK, batches=False)
BACKWARD = {"z", "a", "sigma_prime", "BP1", "BP2", "BP3", "BP4"}


def observed(switches=NO_MISTAKES, names=GRADIENTS, layers=(2, 3, 4), cases=CASES):
    found = []
    for case in cases:
        numbers = run(case, switches).numbers()
        found.append(Observed(case, {k: v for k, v in numbers.items() if k[0] in names and k[1] in layers}))
    return found


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({}, BACKWARD),
        ({"names": ("b_new", "w_new")}, BACKWARD | {"update"}),
        ({"names": ("nabla_b",)}, BACKWARD - {"BP4"}),
        ({"names": ("a",)}, {"z", "a"}),
        ({"layers": (4,), "cases": [case for case in CASES if case.n_layers == 4]}, BACKWARD - {"BP2"}),
        ({"switches": frozenset({("BP2", "loop_stops_early"), ("BP4", "always_x")})}, BACKWARD - {"BP2"}),
    ],
)
def test_an_equation_is_shown_by_numbers_that_depend_on_it(kept, expected):
    assert shown(observed(**kept), kept.get("switches", NO_MISTAKES)).keys() == expected


def test_gradients_cut_off_to_nothing_show_nothing():
    switches = frozenset({("BP3", "integer_arrays"), ("BP4", "integer_arrays")})
    assert shown(observed(switches), switches) == {}


def changed(name, change):
    """The right gradients, one kind of them changed."""
    return [
        replace(o, numbers={key: change(v, key[1]) if key[0] == name else v for key, v in o.numbers.items()})
        for o in observed()
    ]


@pytest.mark.parametrize(
    ("singles", "wrong", "right"),
    [
        (observed(), None, BACKWARD),
        (changed("nabla_w", lambda v, layer: v**3), "BP4", BACKWARD - {"BP4"}),
        (changed("nabla_b", lambda v, layer: v**3), "BP3", BACKWARD - {"BP3"}),
        (changed("nabla_b", lambda v, layer: np.full(v.shape, np.nan)), "BP3", BACKWARD - {"BP3"}),
        (observed(frozenset({("BP1", "gradient_of_wrong_loss:squared")})), "BP1", BACKWARD - {"BP1"}),
        (observed(frozenset({("z", "missing_bias")})), "z", set()),
        (observed(frozenset({("a", "wrong_sigma:doubled")})), "z", set()),
        (observed(frozenset({("a", "wrong_sigma:tanh")})), "a", set()),
        (observed(frozenset({("BP2", "sigma_prime_twice")})), "BP2", BACKWARD - {"BP2"}),
    ],
)
def test_equations_are_judged_on_the_students_own_values(singles, wrong, right):
    steps = judge_own_steps(singles, [])
    assert ([finding.equation for finding in steps.findings], set(steps.checks)) == ([wrong] if wrong else [], right)


def test_two_planted_bugs_are_two_findings():
    planted = [
        replace(
            o,
            numbers=o.numbers
            | {("nabla_w", 3): 2 * o.numbers["nabla_w", 3], ("nabla_b", 2): o.numbers["nabla_b", 2] ** 3},
        )
        for o in observed()
    ]
    steps = judge_own_steps(planted, [])
    assert {finding.equation for finding in steps.findings} == {"BP3", "BP4"}
    assert set(steps.checks) == BACKWARD - {"BP3", "BP4"}
    assert "is 2 times what it should be" in next(f.message for f in steps.findings if f.equation == "BP4")


def test_a_product_of_matrices_is_blamed_on_bp1():
    (case,) = [case for case in CASES if case.sizes == (3, 5, 2)]
    (good,) = observed(cases=[case])
    inner = np.sum(good.numbers["nabla_b", 3], keepdims=True)
    product = {("nabla_b", 3): inner, ("nabla_w", 3): inner @ run(case).a[2].T}
    (finding,) = judge_own_steps([replace(good, numbers=good.numbers | product)], []).findings
    assert (finding.equation, finding.mistake) == ("BP1", "matrix_product")
    # the sum over the neurons is the same number, and then the weights have the right δ
    (finding,) = judge_own_steps([replace(good, numbers=good.numbers | {("nabla_b", 3): inner})], []).findings
    assert finding.equation == "BP3"


def test_what_depends_on_a_wrong_equation_is_counted():
    below = sum(case.w[i].size + case.b[i].size for case in CASES for i in range(2, case.n_layers))
    spoilt = observed(frozenset({("BP2", "missing_sigma_prime")}))
    assert n_wrong(spoilt, "BP2") == (below, below)
    assert n_wrong(spoilt, "BP1")[1] == below < n_wrong(spoilt, "BP1")[0]
    assert n_wrong(observed(), "BP2") == (below, 0)
