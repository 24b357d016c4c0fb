"""Comparing numbers, and finding the mistakes that explain them."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.grading.judge.catalogue import alone_and_in_pairs
from backlit.grading.judge.matching import NO_MISTAKES, close, explains, find_mistakes, is_right, numbers_of
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Task, draw_cases

TASK = Task("sigmoid", "sigmoid", "quadratic")


def observed(switches):
    seen = []
    for case in draw_cases(3, TASK, batches=True):
        numbers = numbers_of(case, frozenset(switches))
        gradients = {k: v for k, v in (numbers or {}).items() if k[0] in ("nabla_b", "nabla_w")}
        seen.append(Observed(case, gradients, None if numbers is not None else "ValueError: shapes"))
    return seen


def test_close_is_relative_and_knows_shapes():
    assert close(np.array([1.0, 1e-20]), np.array([1.0, 0.0]))
    assert not close(np.array([1.0 + 1e-7]), np.array([1.0]))
    assert not close(np.ones((2, 1)), np.ones(2))
    assert not close(np.array([np.nan]), np.array([1.0]))
    assert not close(np.array(["a"]), np.array([1.0]))


def test_right_numbers_are_right_and_others_are_not():
    assert is_right(observed([]))
    assert not is_right(observed([("BP2", "missing_sigma_prime")]))


@pytest.mark.parametrize(
    "switches",
    [
        {("BP2", "weights_not_transposed")},
        {("z", "missing_bias"), ("BP4", "outer_product_transposed")},
        {("BP3", "not_summed_over_batch:mean")},
        {("BP1", "missing_sigma_prime"), ("BP2", "weights_of_own_layer")},
    ],
)
def test_mistakes_are_found_alone_and_in_pairs(switches):
    assert find_mistakes(observed(switches), alone_and_in_pairs()) == switches


def test_exceptions_alone_explain_nothing():
    seen = [Observed(case, {}, "NameError: np") for case in draw_cases(0, TASK, batches=True)]
    assert find_mistakes(seen, alone_and_in_pairs()) is None


def test_an_exception_is_explained_by_shapes_that_do_not_fit():
    case = next(case for case in draw_cases(0, TASK, batches=False) if not case.is_square)
    raised = Observed(case, {}, "ValueError: shapes")
    assert explains(raised, None)
    assert explains(raised, numbers_of(case, frozenset({("BP4", "outer_product_transposed")})))
    assert not explains(raised, numbers_of(case, NO_MISTAKES))


def test_a_number_that_the_algorithm_does_not_have_is_not_explained():
    case = draw_cases(0, TASK, batches=False)[0]
    assert not explains(Observed(case, {("something", 2): np.ones(1)}), numbers_of(case, NO_MISTAKES))
