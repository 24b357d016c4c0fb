"""The grader as a whole, tried on programs that are wrong and programs that are right."""

from __future__ import annotations

import types

import numpy as np
import pytest
from corpus import EVERY, RIGHT, WRONG, header, load, program, task

import backlit as bl
import needs
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.grading.judge.verdict import EQUATIONS

SEEDS = (0, 1) if EVERY == 1 else (0,)
# of the programs that are tried, `make test` tries a third
STEP = 1 if EVERY == 1 or needs.THOROUGH else 3
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # wrong programs overflow


def module(text: str) -> types.ModuleType:
    made = types.ModuleType("submission")
    exec(compile(text, "submission.py", "exec"), made.__dict__)
    return made


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", RIGHT[::STEP], ids=lambda path: path.stem)
def test_right_programs_pass(path, seed):
    verdict = bl.grade(load(path), seed=seed, **task(path))
    assert verdict.verdict == "pass", verdict.findings
    assert not verdict.findings
    assert all(score.points == score.possible == 1.0 and score.checks > 0 for score in verdict.scores)


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_programs_fail_in_the_right_equation_and_the_mistake_is_named(seed):
    named = unseen = 0
    tried = WRONG[5 :: EVERY * STEP]
    for path in tried:
        verdict = bl.grade(load(path), seed=seed, **task(path))
        assert verdict.verdict == "fail", path.stem
        first = verdict.findings[0]
        assert first.equation == header(path)["equation"], (path.stem, first)
        named += str(first.mistake) == header(path)["mistake"]
        assert set(verdict.equations("wrong")) == {finding.equation for finding in verdict.findings}, path.stem
        unseen += bool(verdict.equations("missing"))
    assert named / len(tried) >= 0.9, f"{named} of {len(tried)}"
    # one mistake costs one equation, unless it leaves nothing of another to be seen
    assert unseen / len(tried) <= 0.25, f"{unseen} of {len(tried)}"


def test_what_is_done_is_said_before_it_takes_long():
    said = []
    path = program("wrong/nielsen_strange_bp2")
    bl.grade(load(path), seed=0, progress=said.append)
    assert said[0] == "loading the program"
    assert said[-2:] == ["looking for the mistake", "looking for two mistakes at once"]


def test_one_mistake_costs_one_equation():
    path = program("wrong/nielsen_no_bias_anywhere")
    verdict = bl.grade(load(path), seed=0)
    assert [score.equation for score in verdict.scores if not score.points] == ["z"]


def test_points_are_configurable():
    path = program("wrong/columns_bp2_not_transposed")
    verdict = bl.grade(load(path), seed=0, points={"BP2": 5, "BP1": 2.5})
    points = {score.equation: (score.points, score.possible) for score in verdict.scores}
    assert points["BP2"] == (0.0, 5.0)
    assert points["BP1"] == (2.5, 2.5)
    assert points["BP3"] == (1.0, 1.0)


def test_a_finding_names_the_component_and_both_numbers():
    path = program("wrong/nielsen_bp2_no_prime")
    first = bl.grade(load(path), seed=0).findings[0]
    assert first.component == f"δ^{first.layer}_1"
    assert isinstance(first.found, float)
    assert first.found != pytest.approx(first.expected)


def test_answers_of_one_network_cannot_be_prepared():
    # the same program answers two seeds with different numbers, and no seed is the same twice by default
    path = program("wrong/nielsen_bp1_no_prime")
    found = {bl.grade(load(path)).findings[0].found for _ in range(3)}
    assert len(found) == 3


def test_a_program_for_square_networks_alone_fails():
    text = """
import numpy as np
def backprop(x, y, weights, biases):
    s = lambda z: 1 / (1 + np.exp(-z))
    a = [x]
    for w, b in zip(weights, biases):
        a.append(s(w @ a[-1] + b))
    if len({len(v) for v in a}) > 1:
        return [np.zeros_like(b) for b in biases], [np.zeros_like(w) for w in weights]
    d = (a[-1] - y) * a[-1] * (1 - a[-1])
    nb, nw = [], []
    for i in range(len(weights) - 1, -1, -1):
        nb.insert(0, d); nw.insert(0, d @ a[i].T)
        d = weights[i].T @ d * a[i] * (1 - a[i])
    return nb, nw
"""
    assert bl.grade(module(text), seed=0).verdict == "fail"


def test_what_is_not_recognized_is_an_error_that_suggests():
    verdict = bl.grade(module("def weigted_input(w, a, b):\n    return w @ a + b\n"), seed=0)
    assert verdict.verdict == "error"
    assert "weigted_input(w, a, b)" in verdict.remarks[1]
    assert "did you mean" in verdict.remarks[2]
    assert "weighted_input" in verdict.remarks[2]


def test_conventions_are_said():
    names = ("nielsen", "loops_and_lists", "batch_class", "softmax_batch", "sums_and_update")
    paths = [program(f"right/{name}") for name in (*names, "equations_error_carries_mean")]
    conventions = {path.stem: bl.grade(load(path), seed=0, **task(path)).conventions for path in paths}
    assert conventions["nielsen"][0] == "column vectors, one example at a time"
    assert conventions["loops_and_lists"][0] == "flat vectors of shape (n,), one example at a time"
    assert conventions["batch_class"][0] == "batches, columns are examples"
    assert conventions["softmax_batch"][0] == "batches, rows are examples"
    assert conventions["softmax_batch"][1].startswith("weights of shape (n_{l-1}, n_l)")
    assert "the update divides by n" in conventions["sums_and_update"][-1]
    assert conventions["equations_error_carries_mean"][-1] == "δ^L is divided by the number of examples"


def test_findings_come_in_the_order_of_the_algorithm():
    path = program("wrong/columns_two_mistakes")
    verdict = bl.grade(load(path), seed=0)
    assert [finding.equation for finding in verdict.findings] == ["BP1", "BP4"]
    assert list(EQUATIONS).index("BP1") < list(EQUATIONS).index("BP4")


def test_verdicts_become_plain_dictionaries():
    verdict = bl.grade([np.tanh, lambda delta: delta], seed=0)
    assert verdict.to_dict()["verdict"] == "error"
    path = program("wrong/columns_bp2_sigma")
    finding = bl.grade(load(path), seed=0).to_dict()["findings"][0]
    assert {"equation", "layer", "component", "expected", "found", "mistake"} <= set(finding)


def test_bad_arguments_are_refused():
    with pytest.raises(UnknownNameError, match="sigmoid"):
        bl.grade([len], activation="sigmoit")
    with pytest.raises(UnknownNameError, match="BP4"):
        bl.grade([len], points={"BP5": 1})
    with pytest.raises(InvalidInputError, match="no file"):
        bl.grade("nowhere.py")
    with pytest.raises(InvalidInputError, match="path of a file"):
        bl.grade(3)


def test_a_class_whose_weights_are_not_found_is_told_where_to_keep_them():
    text = "class Net:\n    def __init__(self, sizes): self.k = sizes\n    def backprop(self, x, y): return 1\n"
    verdict = bl.grade(module(text))
    assert verdict.verdict == "error"
    assert any("Net.backprop was found, but not where Net keeps its weights" in remark for remark in verdict.remarks)
