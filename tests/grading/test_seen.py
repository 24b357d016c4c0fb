"""What once passed unseen, or was blamed on the wrong equation: each is graded as it was handed in."""

from __future__ import annotations

import types

import pytest
from corpus import FOLDER, load, program, task

import backlit as bl

FOUR = ("BP1", "BP2", "BP3", "BP4")
SIGMA = "import numpy as np\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n"


def graded(text, **options):
    made = types.ModuleType("submission")
    exec(compile(text, "submission.py", "exec"), made.__dict__)
    return bl.grade(made, seed=0, **options)


def points_of(verdict):
    return {score.equation: score.points for score in verdict.scores}


@pytest.mark.parametrize(("points", "missing"), [(None, FOUR), ({"BP1": 2, "BP2": 3}, ("BP1", "BP2"))])
def test_a_file_with_only_sigma(points, missing):
    verdict = graded(SIGMA, points=points)
    assert (verdict.verdict, verdict.equations("right"), verdict.equations("missing")) == ("fail", ("a",), missing)
    assert sum(score.points for score in verdict.scores) == 1


@pytest.mark.parametrize("answer", ["ones", "zeros"])
def test_a_class_whose_backprop_returns_constants(answer):
    text = (FOLDER / "right" / "nielsen.py").read_text()
    constants = f"[np.{answer}(b.shape) for b in nabla_b], [np.{answer}(w.shape) for w in nabla_w]"
    text = text.replace("return nabla_b, nabla_w", f"return {constants}")
    verdict = graded(text)
    assert verdict.verdict == "fail"
    assert not any(points_of(verdict)[equation] for equation in (*FOUR, "z", "a", "sigma_prime"))
    assert {finding.mistake for finding in verdict.findings} == {"constant"}


@pytest.mark.parametrize("name", ["backward_propagation_n", "backward_propagation"])
def test_planted_bugs_under_either_name(name):
    path = program("wrong/dlai_check_two_bugs")
    text = path.read_text()
    if name == "backward_propagation":
        text = text.replace("def backward_propagation(", "def other(").replace("_propagation_n(", "_propagation(")
        text = text.replace("def forward_propagation(x, theta)", "def another(x, theta)")
    verdict = graded(text, **task(path))
    assert verdict.equations("wrong") == ("BP3", "BP4")
    assert verdict.recognized[0].name == name


def test_a_planted_factor_in_bp4_is_not_ticked():
    path = program("wrong/dlai_planar_factor_two")
    verdict = bl.grade(load(path), seed=0, **task(path))
    assert (verdict.equations("wrong"), verdict.equations("missing")) == (("BP4",), ())
    assert "2 times what it should be" in verdict.findings[0].message


@pytest.mark.parametrize(
    ("name", "equation", "mistake"),
    [
        ("micrograd_power_overwrites", "BP2", "overwritten"),
        ("micrograd_add_overwrites", "BP2", "overwritten"),
        ("dlai_deep_two_layers_written_down", "z", "fixed_depth"),
        ("sums_outer_of_elements", "BP1", None),
        ("sums_weights_uphill", "update", None),
        ("rate_by_default_updates_early", "update", "update_before_all_deltas"),
        ("nielsen_bias_doubled", "z", None),
    ],
)
def test_what_is_right_in_the_plainest_networks_alone(name, equation, mistake):
    path = program(f"wrong/{name}")
    (finding,) = bl.grade(load(path), seed=0, **task(path)).findings
    assert (finding.equation, finding.mistake) == (equation, mistake)


@pytest.mark.parametrize("name", ["dlai_planar", "dlai_two_layers_in_class", "cs231n_two_layer_net", "cs231n_loops"])
def test_two_fixed_layers_and_labels(name):
    verdict = bl.grade(load(program(f"right/{name}")), seed=0, **task(program(f"right/{name}")))
    assert verdict.verdict == "pass", verdict
    assert "networks of 3 layers, the input counted, and no others" in verdict.conventions
    assert ("targets are labels 0, 1, …" in verdict.conventions) == name.startswith("cs231n")


def test_mistakes_are_told_from_the_roundings_of_float32():
    text = (FOLDER / "right" / "parameters_in_constructor.py").read_text()
    single = text.replace("d = (a - y) * a * (1 - a)", "d = ((a - y) * a * (1 - a)).astype(np.float32)")
    assert single != text
    (finding,) = graded(single).findings
    assert finding.mistake == "float32"
    (finding,) = graded(single.replace("(a - y)", "(y - a)")).findings
    assert (finding.equation, finding.mistake) == ("BP1", "sign")


def test_a_matrix_product_in_bp1_is_blamed_on_bp1():
    # of columns it raises, and only one output neuron gives a number; of flat vectors it is a number for all outputs
    columns = (FOLDER / "right" / "two_layer_functions.py").read_text()
    columns = columns.replace("delta2 = (out - y) * out * (1 - out)", "delta2 = (out - y) @ (out * (1 - out)).T")
    flat = (FOLDER / "right" / "parameters_in_constructor.py").read_text()
    flat = flat.replace("d = (a - y) * a * (1 - a)", "d = np.dot(a - y, a * (1 - a))")
    flat = flat.replace("(self.W[i].T @ d)", "(self.W[i].T * d).sum(axis=1)")
    for text in (columns, flat):
        (finding,) = graded(text).findings
        assert (finding.equation, finding.mistake) in (("BP1", "matrix_product"), ("BP1", "broadcast")), finding


def test_a_form_of_which_a_part_is_missing_is_told_so():
    text = (FOLDER / "right" / "nnfs_softmax.py").read_text()
    verdict = graded(text[: text.index("class Loss:")], activation=("relu", "softmax"), loss="cross_entropy")
    assert (verdict.verdict, verdict.equations("missing")) == ("fail", FOUR)
    assert "needs a class for the loss, such as LossCategoricalCrossEntropy" in verdict.remarks[0]
    assert "in the manner of nnfs" in verdict.recognized[0].role


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(SIGMA, 1, marks=pytest.mark.thorough),
        ("x = 1\n", 2),
        pytest.param("def f(z):\n    return z\n", 2, marks=pytest.mark.thorough),
    ],
)
def test_exit_codes(run, tmp_path, text, code):
    path = tmp_path / "student.py"
    path.write_text(text)
    came, out, _ = run("grade", path)
    assert came == code, out
    assert ("missing: BP1, BP2, BP3, BP4." in out) == (code == 1)


def test_float32_is_held_to_float32s_own_precision():
    text = program("right/nielsen_single_precision").read_text()
    verdict = graded(text)
    assert verdict.verdict == "pass"
    assert "Its numbers are float32" in verdict.remarks[0]
    (finding,) = graded(text.replace("delta = activations[-1] - y", "delta = 1.001 * (activations[-1] - y)")).findings
    assert finding.equation == "BP1"
    (finding,) = graded(text.replace("delta @ activations[i].T", "-delta @ activations[i].T")).findings
    assert (finding.equation, finding.mistake) == ("BP4", "sign")


def test_a_function_of_one_equation_and_a_cost_may_be_float32():
    text = """
import numpy as np
def bias_gradient(delta): return np.asarray(delta, np.float32)
def cost(a, y): return np.float32(0.5 * np.sum((a - y) ** 2))
"""
    verdict = graded(text, points={"BP3": 1, "cost": 1})
    assert (verdict.verdict, verdict.equations("right")) == ("pass", ("BP3", "cost"))
    for old, new, equation in (("(delta,", "(1.001 * delta,", "BP3"), ("0.5", "0.501", "cost")):
        assert graded(text.replace(old, new), points={"BP3": 1, "cost": 1}).equations("wrong") == (equation,)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("batch_class", "self.depth = len(layers) - 1", "self.depth = 1"),
        ("layers_of_objects", "self.layers += [", "self.layers = ["),
    ],
)
def test_networks_without_a_hidden_layer_show_nothing_and_are_said(name, before, after):
    text = program(f"right/{name}").read_text()
    assert before in text
    verdict = graded(text.replace(before, after))
    assert verdict.verdict == "fail"
    assert [finding.mistake for finding in verdict.findings] == ["fixed_depth"]
    assert verdict.equations("missing") == FOUR
