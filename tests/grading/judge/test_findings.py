"""Findings: component, numbers and words."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.grading.judge.catalogue import CATALOGUE
from backlit.grading.judge.findings import compared, component_of, equation_of_line, from_switches, message_for
from backlit.grading.judge.verdict import EQUATIONS
from backlit.grading.reading.cases import Task, draw_cases
from every import every


def test_components_count_from_one():
    assert component_of("delta", 2, (0, 4)) == "δ^2_1"
    assert component_of("nabla_w", 3, (0, 1)) == "∂C/∂w^3_12"
    assert component_of("w_new", 3, (0, 11)) == "w^3_1,12"


def test_the_first_number_that_differs_is_shown():
    finding = compared(
        "BP4", "nabla_w", 2, np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]), None
    )
    assert (finding.component, finding.expected, finding.found) == ("∂C/∂w^2_22", 4.0, 9.0)


def test_a_wrong_shape_is_shown_as_such():
    finding = compared("BP3", "nabla_b", 2, np.ones((2, 7)), np.ones((2, 1)), None)
    assert (finding.component, finding.expected, finding.found) == ("∂C/∂b^2", None, "shape (2, 7)")


def test_later_mistakes_are_judged_on_earlier_ones():
    cases = draw_cases(0, Task("sigmoid", "sigmoid", "quadratic"), batches=False)
    alone = from_switches(frozenset({("BP2", "missing_sigma_prime")}), cases)
    both = from_switches(frozenset({("BP2", "missing_sigma_prime"), ("z", "missing_bias")}), cases)
    assert [finding.equation for finding in both] == ["z", "BP2"]
    assert both[1].expected != alone[0].expected


@every("key", CATALOGUE)
def test_messages_name_the_equation_and_give_the_hint(key):
    for equation in EQUATIONS:
        message = message_for(equation, key)
        assert message.startswith("Look at ")
        assert CATALOGUE[key].hint in message


@pytest.mark.parametrize(
    ("line", "equation"),
    [
        ("nabla_w[-1] = np.dot(delta, activations[-2].T)", "BP4"),
        ("db = np.sum(delta)", "BP3"),
        ("delta = cost_derivative(a, y) * sigmoid_prime(z)", "BP1"),
        ("delta = w.T @ delta * sigmoid_prime(z)", "BP2"),
        ("a = sigmoid(z)", "a"),
        ("z = w @ x + b", "z"),
    ],
)
def test_lines_are_told_apart(line, equation):
    assert equation_of_line(line) == equation
