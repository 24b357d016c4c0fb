"""The cost: beside gradients it is theirs, and a function of outputs may give any that is well known."""

from __future__ import annotations

import types

import pytest
from corpus import FOLDER, program, task

import backlit as bl

AFFINE = (FOLDER / "right" / "cs231n_sigmoid_functions.py").read_text()
BOTH = "0.5 * np.sum(difference**2) / len(y), difference / len(y)"
DEEP = (FOLDER / "right" / "dlai_deep.py").read_text()


def graded(text, **options):
    made = types.ModuleType("submission")
    exec(compile(text, "submission.py", "exec"), made.__dict__)
    return bl.grade(made, seed=0, **options)


@pytest.mark.parametrize(
    ("cost", "gradient", "convention"),
    [
        ("np.sum(difference**2) / len(y)", "2 * difference / len(y)", "the cost is ‖y − a‖², without the ½"),
        ("np.mean(difference**2)", "2 * difference / difference.size", "the cost is the mean of the squares"),
        ("0.5 * np.mean(difference**2)", "difference / difference.size", "the cost is ½‖y − a‖² as a mean over"),
    ],
)
def test_a_factor_in_cost_and_gradients_is_a_convention(cost, gradient, convention):
    verdict = graded(AFFINE.replace(BOTH, f"{cost}, {gradient}"))
    assert (verdict.verdict, verdict.findings) == ("pass", ())
    assert convention in verdict.conventions[-1]
    (score,) = (score for score in verdict.scores if score.equation == "cost")
    assert (score.status, score.points) == ("right", 1.0)
    assert score.checks > 0


@pytest.mark.parametrize(
    ("cost", "mistake"),
    [
        ("np.sum(difference**2) / len(y)", "cost_of_other_gradients"),
        ("0.5 * np.sum(difference**2)", "sum_instead_of_mean"),
        ("-0.5 * np.sum(difference**2) / len(y)", "sign"),
        ("0.7 * np.sum(difference**2) / len(y)", None),
    ],
)
def test_a_cost_that_its_gradients_are_not_of_fails(cost, mistake):
    (finding,) = graded(AFFINE.replace(BOTH, f"{cost}, difference / len(y)")).findings
    assert (finding.equation, finding.mistake, finding.component) == ("cost", mistake, "C")
    assert finding.found != finding.expected


def test_the_cost_of_wrong_outputs_is_not_blamed():
    text = AFFINE.replace("1 / (1 + np.exp(-x))", "1 / (1 + np.exp(x))")
    assert text != AFFINE
    verdict = graded(text)
    assert verdict.equations("wrong") == ("a",)
    assert "cost" in verdict.equations("right")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("dlai_gradient_check", "cost = -np.sum", "cost = -2 * np.sum"),
        ("nnfs_sigmoid", "0.5 * np.mean", "0.6 * np.mean"),
    ],
)
def test_the_cost_of_a_forward_pass_or_a_loss_object_is_judged(name, old, new):
    path = program(f"right/{name}")
    right = path.read_text()
    assert old in right
    assert graded(right.replace(old, new), **task(path)).equations("wrong") == ("cost",)
    assert "cost" in graded(right, **task(path)).equations("right")


@pytest.mark.parametrize(
    ("cost", "status", "said"),
    [
        ("-np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / Y.shape[1]", "right", False),
        ("-np.mean(Y * np.log(AL) + (1 - Y) * np.log(1 - AL))", "right", True),
        ("-np.sum(Y * np.log(AL)) / Y.shape[1]", "wrong", False),
    ],
)
def test_a_function_of_outputs_and_targets_is_judged(cost, status, said):
    verdict = graded(f"{DEEP}\n\ndef compute_cost(AL, Y):\n    return {cost}\n", **task(program("right/dlai_deep")))
    assert verdict.equations("wrong") == (("cost",) if status == "wrong" else ())
    assert "cost" in verdict.equations(status)
    assert any("compute_cost gives the cross-entropy as a mean" in line for line in verdict.conventions) == said
