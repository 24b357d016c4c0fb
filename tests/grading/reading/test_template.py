"""The template can be graded as it is, and passes when it is filled in."""

from __future__ import annotations

import types

import backlit as bl
from backlit.grading.reading.names import template

ANSWERS = [
    "w @ a_previous + b",
    "1 / (1 + np.exp(-z))",
    "activation(z) * (1 - activation(z))",
    "(a - y) * activation_prime(z)",
    "w_next.T @ delta_next * activation_prime(z)",
    "delta",
    "delta @ a_previous.T",
    "parameter - learning_rate * gradient",
]


def graded(text: str):
    module = types.ModuleType("template")
    exec(text, module.__dict__)
    return bl.grade(module, seed=0)


def test_unfilled_it_fails_kindly_in_every_equation():
    verdict = graded(template())
    assert verdict.verdict == "fail"
    assert len(verdict.findings) == 8
    assert {finding.mistake for finding in verdict.findings} == {"not_written"}
    assert "not written yet" in verdict.findings[0].message


def test_filled_in_it_passes():
    text = template()
    for answer in ANSWERS:
        text = text.replace("raise NotImplementedError", f"return {answer}", 1)
    assert "NotImplementedError" not in text
    assert graded(text).verdict == "pass"
