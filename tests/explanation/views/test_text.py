"""Every number on the page is the trace's to the digits printed, stands at its own symbol, and every line adds up."""

from __future__ import annotations

import re

import numpy as np
import pytest
from read_back import batch, check, network_and_target

from backlit.core.likelihood_losses import SHORT_CUTS
from backlit.core.losses import fitting_pairs
from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.explanation import explain, render_text
from backlit.explanation.plain_text import number
from backlit.explanation.story.selection import largest
from every import every


@every(("loss", "output"), fitting_pairs())
def test_every_pair_reads_back(loss, output):
    network, x, y = network_and_target(loss, output, "float64", sizes=(2, 3, 2))
    left = check(explain(network, x, y, loss=loss, learning_rate=0.3))
    # x and y; z and a; C; ∂C/∂a³, δ³, δ²; ∂C/∂b, ∂C/∂w; the steps; and δ³ once more by the short cut
    assert len(left) == 4 + 10 + 1 + 7 + 17 + 17 + 2 * ((loss, output) in SHORT_CUTS)


@every("hidden", ["relu", "softmax"])
@every(
    ("loss", "output", "sizes"),
    [
        ("cross_entropy", "softmax", (64, 32, 10)),
        ("quadratic", "identity", (8, 50, 1)),
        ("quadratic", "sigmoid", (2, 2, 2)),
        ("poisson", "exp", (12, 9, 7, 5, 6)),
        ("huber", "identity", (5, 3)),
    ],
)
@every("neurons", [1, 3, None])
def test_wide_layers_read_back(loss, output, sizes, hidden, neurons):
    network, x, y = network_and_target(loss, output, "float32", sizes, hidden)
    left = check(explain(network, x, y, loss=loss), neurons=neurons)
    for i, size in enumerate(sizes[1:]):
        shown = [symbol for symbol in left if re.match(rf"z{'²³⁴⁵⁶'[i]}_", symbol)]
        assert len(shown) == (size if neurons is None or size <= 4 else neurons)


@pytest.mark.parametrize("digits", [2, 3, 9, 17])
def test_digits(digits):
    network, x, y = network_and_target("quadratic", "sigmoid")
    check(explain(network, x, y), digits=digits)


def test_everything_can_be_shown():
    network, x, y = network_and_target("cross_entropy", "softmax", sizes=(20, 7, 6))
    explanation = explain(network, x, y, loss="cross_entropy")
    left = check(explanation, neurons=None, terms=None)
    assert "…" in render_text(explanation).split("── 2.")[0]
    assert "…" not in render_text(explanation, neurons=None, terms=None)
    assert {f"a¹_{k}" for k in range(1, 21)} < set(left)
    assert {f"∂C/∂w²_{j},{k}" for j in range(1, 8) for k in range(1, 21)} < set(left)


def test_neurons_shown_are_those_with_the_largest_error():
    network, x, y = network_and_target("cross_entropy", "softmax", sizes=(6, 30, 10))
    explanation = explain(network, x, y, loss="cross_entropy")
    left = check(explanation)
    delta = np.abs(explanation.examples[0].layer(2).error.delta)
    top = sorted(int(j) + 1 for j in np.argsort(-delta)[:3])
    assert [symbol for symbol in left if symbol.startswith("z²")] == [f"z²_{j}" for j in top]
    nabla_w = explanation.parameters[0].step.nabla_w
    j, k = np.unravel_index(np.abs(nabla_w).argmax(), nabla_w.shape)
    assert next(symbol for symbol in left if symbol.startswith("∂C/∂w²")) == f"∂C/∂w²_{j + 1},{k + 1}"


@every(("loss", "output"), fitting_pairs())
def test_batches_read_back(loss, output):
    network, xs, ys = batch(loss, output, n=2, dtype="float32", sizes=(2, 3, 2))
    left = check(explain(network, xs, ys, loss=loss, learning_rate=0.3))
    alone = 4 + 10 + 1 + 7 + 17 + 2 * ((loss, output) in SHORT_CUTS)
    assert len(left) == 2 * alone + 1 + 17 + 17  # and the mean cost, the mean gradients, the step
    assert {"C", "C_1", "C_2", "∂C_2/∂w³_12", "∂C/∂w³_12"} <= set(left)


@pytest.mark.parametrize("neurons", [1, 3, None])
def test_wide_batches_read_back(neurons):
    network, xs, ys = batch("cross_entropy", "softmax", n=6, sizes=(11, 7, 5), hidden="relu")
    explanation = explain(network, xs, ys, loss="cross_entropy")
    left = check(explanation, neurons=neurons, terms=neurons)
    shown = [symbol for symbol in left if symbol.startswith("z²_")]
    assert len(shown) == 6 * (neurons or 7)
    if neurons:
        size = np.abs([example.layer(2).error.delta for example in explanation.examples]).sum(axis=0)
        assert shown[:neurons] == [f"z²_{j + 1}" for j in sorted(np.argsort(-size)[:neurons])]
        text = re.sub(r"\s+", " ", render_text(explanation, neurons=neurons, terms=neurons))
        assert f"(… {6 - neurons} more terms)) / 6" in text


def test_a_batch_names_its_examples_and_says_each_equation_once():
    network, xs, ys = batch("quadratic", "sigmoid")
    text = render_text(explain(network, xs, ys, example_names=["row 3", "row 7", "row 9"]))
    assert text.startswith("One step of backpropagation on a batch of 3 examples\n")
    parts = re.findall(r"(?m)^══ (.*?) ═", text)
    assert parts == ["Example 1 of 3: row 3", "Example 2 of 3: row 7", "Example 3 of 3: row 9", "The batch"]
    for equation in ("BP1", "BP2", "BP3", "BP4"):
        assert text.count(f"  {equation}   ") == 1
    forward = render_text(explain(network, xs))
    assert forward.startswith("One forward pass on a batch of 3 examples\n")
    assert forward.count("No target y was given") == 1
    check(explain(network, xs))


def test_published_example_as_printed():
    network = Network(
        (np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])),
        (np.array([0.35, 0.35]), np.array([0.60, 0.60])),
        ("sigmoid", "sigmoid"),
    )
    lines = render_text(explain(network, [0.05, 0.10], [0.01, 0.99], learning_rate=0.5)).splitlines()
    for line in (
        "    z²_1 = w²_11 a¹_1 + w²_12 a¹_2 + b²_1 = 0.15·0.05 + 0.2·0.1 + 0.35 = 0.3775",
        "    a²_1 = σ(z²_1) = σ(0.3775) = 0.59327",
        "    δ³_2 = ∂C/∂a³_2 σ′(z³_2) = −0.217072·0.17551 = −0.0380982",
        "         = (0.4·0.138499 + 0.5·(−0.0380982))·0.241301 = 0.00877135",
        "    ∂C/∂b³_1 = δ³_1 = 0.138499",
        "    ∂C/∂w³_11 = a²_1 δ³_1 = 0.59327·0.138499      = 0.082167",
        "    w³_11 ← w³_11 − μ ∂C/∂w³_11 = 0.4 − 0.5·0.082167      = 0.358916",
        "  Cost before the step   C = 0.298371",
    ):
        assert line in lines


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize(("loss", "output"), [("cross_entropy", "sigmoid"), ("poisson", "softmax"), ("huber", "relu")])
def test_lines_keep_to_the_width(width, loss, output):
    network, x, y = network_and_target(loss, output, sizes=(12, 11, 3), hidden="softmax")
    encoding = [(f"feature {k}", f"column {k}", str(x[k]), f"{x[k]:.3f} / 1 and so on", x[k]) for k in range(12)]
    names = ["a", "a name that is long", "c" * 100]
    explanation = explain(network, x, y, loss=loss, encodings=[encoding], output_names=names, target_scale=(1.0, 2.0))
    assert max(map(len, render_text(explanation, width=width).splitlines())) <= width
    check(explanation, width=width)


def test_forward_pass_only():
    network, x, _ = network_and_target("cross_entropy", "softmax", sizes=(4, 7, 3))
    explanation = explain(network, x, loss="cross_entropy", output_names=["setosa", "versicolor", "virginica"])
    text = render_text(explanation)
    check(explanation)
    assert "BP1" not in text
    assert "Cost" not in text
    best = int(explanation.examples[0].layers[-1].a.argmax())
    assert f"The network answers {['setosa', 'versicolor', 'virginica'][best]}, with a³_{best + 1} = " in text
    assert text.endswith("No target y was given, so there is no cost and no error to send back.")


def test_each_equation_has_its_heading_and_meaning():
    network, x, y = network_and_target("quadratic", "sigmoid")
    text = render_text(explain(network, x, y))
    places = [
        text.index(part)
        for part in (
            "── 1. Input",
            "── 2. Feed forward",
            "── 3. Output error",
            "BP1   δ^L = ∇_a C ⊙ σ′(z^L)\n",
            "── 4. Backpropagate",
            "BP2   δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)\n",
            "── 5. Gradients",
            "BP3   ∂C/∂b^l_j = δ^l_j\n",
            "BP4   ∂C/∂w^l_jk = a^{l−1}_k δ^l_j\n",
            "── 6. Gradient descent",
            "Cost after the step",
        )
    ]
    assert places == sorted(places)
    assert "short cut" not in text


def test_short_cut_is_shown_beside_the_equation():
    network, x, y = network_and_target("cross_entropy", "softmax")
    text = render_text(explain(network, x, y, loss="cross_entropy"))
    assert "The short cut δ³ = a³ − y for this cost and activation gives the same:" in text


def test_saturation_is_said():
    network = Network((np.array([[900.0], [0.0], [-900.0]]),), (np.zeros(3),), ("softmax",))
    text = render_text(explain(network, [1.0], [0.0, 0.0, 1.0], loss="cross_entropy"))
    assert "C was calculated from z" in text
    assert "δ²_3 = a²_3 (∂C/∂a²_3 − Σ_k a_k ∂C/∂a_k) = 0·(−∞ − NaN)  = NaN" in text
    assert "is used, as an output is saturated" in re.sub(r"\s+", " ", text)
    assert "δ²_3 = a²_3 − y_3 = 0 − 1 = −1" in text
    assert "hidden layer" in text


def test_step_that_is_too_long_is_said():
    network = Network((np.array([[1.0]]),), (np.zeros(1),), ("identity",))
    assert "the step was too long" in render_text(explain(network, [1.0], [0.0], learning_rate=5.0))
    assert "too long" not in render_text(explain(network, [1.0], [0.0], learning_rate=0.1))


def test_original_scale_and_encoding():
    network, x, _ = network_and_target("quadratic", "identity", sizes=(2, 3, 1))
    encoding = [("age", "age", "41", "(41 − 30) / 10", x[0]), ("job = x", "job", "x\x1b[31m\n", 'job = "x"', x[1])]
    names, scale = ["price"], (206855.5, 115395.25)
    explanation = explain(network, x, [0.5], encodings=[encoding], output_names=names, target_scale=scale)
    text = render_text(explanation)
    a, predicted = explanation.examples[0].layers[-1].a[0], explanation.examples[0].original_output[0]
    assert a > 0
    assert f"    predicted price = 206856 + 115395·{number(a, 6)} = {number(predicted, 6)}\n" in text
    assert re.search(r"    target price    = 206856 \+ 115395·0\.5 +    = 264553\n", text)
    assert re.search(rf"  a¹_1  age     41 +\(41 − 30\) / 10  = {number(x[0], 6)}\n", text)
    assert re.search(rf'  a¹_2  job .*  job = "x" +  = {number(x[1], 6)}\n', text)
    assert "\x1b" not in text


def test_bins_that_a_number_left_behind_are_not_shown():
    network = Network.initialize([22, 1], "identity", seed=0)
    bins = [(f"x in {k} … {k + 1}", "x", "19.5", f"1: at least {k + 1}", 1.0) for k in range(19)]
    encoding = [("x", "x", "19.5", "19.5 / 30", 0.65), *bins, ("x in 19 … 20", "x", "19.5", "(19.5 − 19) / 1", 0.5)]
    encoding.append(("x in 20 … 21", "x", "19.5", "0: at most 20", 0.0))
    x = [step[-1] for step in encoding]
    text = render_text(explain(network, x, [1.0], encodings=[encoding]))
    shown = r"a¹_1 +x +19\.5 +19\.5 / 30 += 0\.65\n +a¹_21 +x +19\.5 +\(19\.5 − 19\) / 1 += 0\.5\n +… 20 more"
    assert re.search(shown, text)
    assert "1: at least 7 " in render_text(explain(network, x, [1.0], encodings=[encoding]), terms=None)


def test_a_category_is_shown_by_the_place_it_takes():
    network = Network.initialize([4, 1], "identity", seed=0)
    encoding = [("n", "n", "3", "3 − 3", 0.0), *((f"c={c}", "c", "b", f'c = "{c}"', float(c == "b")) for c in "abc")]
    text = render_text(explain(network, [0, 0, 1, 0], [1.0], encodings=[encoding]))
    assert re.search(r"a¹_1 +n +3 +3 − 3 += 0\n +a¹_3 +c +b +c = \"b\" += 1\n +… 2 more, all 0\n", text)
    everything = render_text(explain(network, [0, 0, 1, 0], [1.0], encodings=[encoding]), terms=None)
    assert re.search(
        r"a¹_2 +c +b +c = \"a\" += 0\n +a¹_3 +c +b +c = \"b\" += 1\n +a¹_4 +c +b +c = \"c\" += 0\n", everything
    )


def test_inputs_of_zero_are_counted_not_shown():
    network = Network.initialize([40, 2], "sigmoid", seed=0)
    x = np.zeros(40)
    x[[4, 9]] = 50.0, -0.25
    text = render_text(explain(network, x, [0.0, 1.0]))
    assert "    a¹_5 = 50   a¹_10 = −0.25\n    … 38 more, all 0\n" in text
    assert "w²_1,5 a¹_5 + w²_1,10 a¹_10 + (… 38 more terms, all 0) + b²_1" in text
    assert "    … 40 inputs of 0\n" in render_text(explain(network, np.zeros(40), [0.0, 1.0]))


def test_large_network_takes_few_lines():
    network = Network.initialize([784, 100, 10], ["relu", "softmax"], seed=0, dtype="float32")
    x, y = np.random.default_rng(0).random(784), np.eye(10)[3]
    text = render_text(explain(network, x, y, loss="cross_entropy"))
    assert len(text.splitlines()) < 200


@pytest.mark.parametrize(
    "options", [{"digits": 0}, {"digits": 18}, {"width": 59}, {"neurons": 0}, {"terms": -1}], ids=str
)
def test_refuses_options_that_mean_nothing(options):
    network, x, y = network_and_target("quadratic", "sigmoid")
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        render_text(explain(network, x, y), **options)


def test_loss_without_a_formula_is_shown_all_the_same(monkeypatch):
    monkeypatch.setattr("backlit.explanation.story.formulas.LOSS_FORMULAS", {})
    monkeypatch.setattr("backlit.explanation.story.formulas.ACTIVATION_FORMULAS", {})
    monkeypatch.setattr("backlit.explanation.story.formulas.SHORT_CUT_FORMULAS", {})
    network, x, y = network_and_target("cross_entropy", "sigmoid")
    check(explain(network, x, y, loss="cross_entropy"))


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.5932699921, 6, "0.59327"),
        (-0.0380982, 6, "−0.0380982"),
        (1.2345678e-7, 6, "1.23457×10⁻⁷"),
        (-2e12, 3, "−2×10¹²"),
        (-0.0, 6, "0"),
        (0.1, 17, "0.10000000000000001"),
        (float("inf"), 6, "∞"),
        (float("-inf"), 6, "−∞"),
        (float("nan"), 6, "NaN"),
    ],
)
def test_numbers(value, digits, text):
    assert number(value, digits) == text


def test_largest_puts_what_is_not_a_number_first():
    values = np.array([0.0, 3.0, -5.0, np.nan, 1.0, -np.inf])
    assert largest(values, 3) == [3, 5, 2]
    assert largest(values, 5) == [3, 5, 2, 1, 4]
    assert largest(values, None) == list(range(6))
    assert largest(values[:4], 1) == [0, 1, 2, 3]
