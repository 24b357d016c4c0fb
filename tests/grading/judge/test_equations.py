"""Functions for single equations."""

from __future__ import annotations

import numpy as np
import pytest

import backlit as bl


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def activation_prime(z):
    return 0.5 * sigmoid(z) * (1 - sigmoid(z))


def output_error(a, y, z):
    return (a - y) * activation_prime(z)


def backpropagated_error(w_next, delta_next, z):
    return w_next.T @ delta_next * activation_prime(z)


def test_errors_are_judged_on_the_students_own_sigma_prime():
    verdict = bl.grade([activation_prime, output_error, backpropagated_error], seed=0)
    assert [finding.equation for finding in verdict.findings] == ["sigma_prime"]
    points = {score.equation: score.points for score in verdict.scores}
    assert points == {"sigma_prime": 0.0, "BP1": 1.0, "BP2": 1.0, "BP3": 0.0, "BP4": 0.0}


def test_what_is_asked_for_and_not_offered_is_missing():
    offered = {"bias_gradient": lambda delta: delta, "sigmoid": sigmoid}
    verdict = bl.grade(offered, seed=0)
    assert (verdict.verdict, verdict.findings) == ("fail", ())
    assert (verdict.equations("right"), verdict.equations("missing")) == (("a", "BP3"), ("BP1", "BP2", "BP4"))
    assert [(part.name, part.role) for part in verdict.recognized] == [("sigmoid", "a"), ("bias_gradient", "BP3")]
    assert bl.grade(offered, seed=0, points={"BP3": 1, "BP2": 0}).verdict == "pass"


@pytest.mark.parametrize(
    ("formula", "mistake"),
    [
        (lambda delta: delta * 1.0001, None),
        (lambda delta: delta.astype(np.float32).astype(float), "float32"),
        (lambda delta: delta.astype(int), "integer_arrays"),
        (lambda delta: -delta, "sign"),
        (lambda delta: None, "not_written"),
    ],
)
def test_mistakes_of_one_function(formula, mistake):
    verdict = bl.grade({"bias_gradient": formula}, seed=0)
    assert [(finding.equation, finding.mistake) for finding in verdict.findings] == [("BP3", mistake)]


def test_an_exception_is_a_finding_of_its_equation():
    def weight_gradient(delta, a_previous):
        return delta @ unknown  # noqa: F821

    (finding,) = bl.grade([weight_gradient], seed=0).findings
    assert finding.equation == "BP4"
    assert finding.found == "NameError: name 'unknown' is not defined"
    assert finding.line == weight_gradient.__code__.co_firstlineno + 1


def test_memory_between_calls_is_found():
    total = []

    def bias_gradient(delta):
        total.append(1)
        return delta * len(total)

    verdict = bl.grade([bias_gradient], seed=0)
    assert verdict.verdict == "fail"
    assert verdict.findings[0].equation == "BP3"


def test_damage_to_arguments_is_found():
    def weight_gradient(delta, a_previous):
        product = delta @ a_previous.T
        delta *= 0
        return product

    (finding,) = bl.grade([weight_gradient], seed=0).findings
    assert (finding.equation, finding.mistake, finding.found) == ("BP4", "in_place_damage", "delta was changed")
