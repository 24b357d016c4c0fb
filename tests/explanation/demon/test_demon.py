import json
import math
import sys
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

import backlit as bl
from backlit.core.activations import ACTIVATIONS
from backlit.core.backpropagation import backpropagate, cost
from backlit.core.losses import fitting_pairs
from backlit.errors import InvalidInputError, MissingExtraError
from backlit.explanation.demon.picture import ticks
from every import every


def network(names="sigmoid", sizes=(3, 4, 2), seed=0, **options):
    return bl.Network.initialize(sizes, names, seed=seed, **options)


def examples(n=1, sizes=(3, 4, 2), seed=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, sizes[0])), rng.random((n, sizes[-1]))


RELU = bl.Network(
    ([[1.0, -1.0], [0.5, 0.25]], [[1.5, 0.3]]), (np.array([0.05, 0.0]), np.zeros(1)), ("relu", "identity")
)


# one neuron


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize(("layer", "neuron"), [(2, 1), (2, 4), (3, 2)])
def test_a_move_is_what_it_does_to_the_cost(layer, neuron, n):
    net, (x, y) = network(), examples(n)
    report = bl.demon(net, x, y, layer=layer, neuron=neuron, dz=[0.5, -0.25])
    assert report.delta == pytest.approx(backpropagate(net, x, y).nabla_b[layer - 2][neuron - 1], rel=1e-14)
    for move in report.moves:
        biases = [b.copy() for b in net.biases]
        biases[layer - 2][neuron - 1] += move.dz  # adding Δz to z is adding it to the bias
        moved = bl.Network(net.weights, biases, net.activations)
        assert move.change == pytest.approx(cost(moved, x, y) - cost(net, x, y), rel=1e-12, abs=1e-16)
        assert move.predicted == report.delta * move.dz
        assert move.remainder == move.change - move.predicted


@every(("loss", "output"), fitting_pairs())
def test_the_remainder_shrinks_fourfold_for_every_smooth_pair(loss, output):
    net, (x, y) = network(["tanh", output]), examples()
    report = bl.demon(net, x, y + 0.01, layer=2, neuron=2, dz=0.25, loss=loss)
    ratios = [move.ratio for move in report.moves if move.ratio is not None]
    assert len(ratios) >= 3
    assert ratios[-1] == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_a_wrong_delta_does_not_shrink_fourfold(name, monkeypatch):
    right = ACTIVATIONS[name]
    monkeypatch.setitem(ACTIVATIONS, name, right.__class__(**vars(right) | {"derivative": lambda z: z * 0 + 0.6}))
    net, (x, y) = network([name, "sigmoid"]), examples()
    report = bl.demon(net, x, y, layer=2, neuron=2, dz=0.25)
    assert report.moves[-1].ratio == pytest.approx(2.0, rel=0.05)
    assert "leaves a quarter" not in report.conclusion


def test_halving_is_the_default_and_any_list_is_taken():
    net, (x, y) = network(), examples()
    steps = [move.dz for move in bl.demon(net, x, y, layer=2, neuron=1, dz=-2).moves]
    assert steps[0] == -2
    assert len(steps) == 10
    assert all(b == a / 2 for a, b in pairwise(steps))
    report = bl.demon(net, x, y, layer=2, neuron=1, dz=[0.3, 0.1])
    assert report.moves[1].expected_ratio == pytest.approx(9.0)
    assert report.moves[1].ratio == pytest.approx(9.0, rel=0.1)
    assert report.conclusion == "The remainder shrinks as Δz², so δ is the slope of C."


def test_a_kink_on_the_way_is_named():
    report = bl.demon(RELU, [[0.5, 0.8]], [[0.7]], layer=2, neuron=1)
    assert [move.kink for move in report.moves[:2]] == ["relu in layer 2, neuron 1"] * 2
    assert [move.kink for move in report.moves[3:]] == [None] * 7  # z = −0.25
    assert all(move.lost and move.ratio is None for move in report.moves[3:])
    assert report.conclusion == (
        "As far as Δz = 0.5 a kink is crossed (relu in layer 2, neuron 1). "
        "Nearer to z no remainder is left beyond rounding: C is a straight line there."
    )


def test_standing_on_a_kink_only_half_of_the_remainder_goes():
    at_zero = bl.Network(RELU.weights, (np.zeros(2), np.zeros(1)), RELU.activations)
    report = bl.demon(at_zero, [[1.0, 1.0]], [[0.7]], layer=2, neuron=1, dz=2.0**-3)
    assert report.delta == 0.0
    assert all(move.kink == "relu in layer 2, neuron 1" for move in report.moves)
    assert report.moves[-1].ratio == pytest.approx(2.0, rel=0.05)
    assert report.conclusion.startswith("Even the last move crosses a kink (relu in layer 2, neuron 1)")


def test_a_kink_of_the_loss_is_named():
    net = bl.Network(([[1.0]],), (np.zeros(1),), "identity")
    report = bl.demon(net, [[1.0]], [[1.2]], layer=2, neuron=1, loss="absolute")
    assert report.moves[0].kink == "absolute in layer 2, neuron 1"
    assert report.moves[-1].kink is None


def test_remainders_that_are_rounding_are_not_shown_as_numbers():
    report = bl.demon(network(), *examples(), layer=2, neuron=1, dz=[1e-7, 5e-8])
    assert all(move.lost for move in report.moves)
    assert "(rounding)" in str(report)
    assert report.conclusion.startswith("No remainder is left beyond rounding")


def test_float32_networks_are_worked_in_float64():
    x, y = examples()
    report = bl.demon(network(dtype="float32"), x.astype("f4"), y, layer=2, neuron=1)
    assert report.moves[-1].ratio == pytest.approx(4.0, rel=0.02)


# all of them


def test_the_ranking_is_by_the_size_of_delta():
    net, (x, y) = network(), examples(3)
    ranking = bl.demon(net, x, y)
    at = backpropagate(net, x, y)
    assert len(ranking.places) == 6
    sizes = [abs(place.delta) for place in ranking.places]
    assert sizes == sorted(sizes, reverse=True)
    for place in ranking.places:
        assert place.delta == pytest.approx(at.nabla_b[place.layer - 2][place.neuron - 1], rel=1e-12)
        assert place.verdict == ("lower z" if place.delta > 0 else "raise z")
    assert {place.layer for place in bl.demon(net, x, y, layer=2).places} == {2}


def test_following_the_verdict_lowers_the_cost():
    net, (x, y) = network(), examples()
    for place in bl.demon(net, x, y).places:
        way = -1 if place.verdict == "lower z" else 1
        report = bl.demon(net, x, y, layer=place.layer, neuron=place.neuron, dz=[0.01 * way])
        assert report.moves[0].change < 0


def test_near_optimal_and_saturated_are_told_apart():
    # three neurons: one learns, one is saturated, and one whose output counts for nothing
    w3 = np.array([[1.0, 1.0, 1e-9]])
    net = bl.Network(([[1.0], [0.0], [1.0]], w3), (np.array([0.0, 20.0, 0.0]), np.zeros(1)), ["sigmoid", "identity"])
    ranking = bl.demon(net, [[0.5]], [[0.0]])
    verdicts = {(place.layer, place.neuron): place.verdict for place in ranking.places}
    assert verdicts == {(3, 1): "lower z", (2, 1): "lower z", (2, 2): "saturated", (2, 3): "near optimal"}
    assert "do little: saturated, σ′ at 8.2e−07 % of full" in str(ranking)


def test_a_long_ranking_is_summed_up():
    net = network(sizes=(3, 40, 2))
    text = str(bl.demon(net, *examples()))
    assert "… and 22 more, of which" in text
    assert len(bl.demon(net, *examples()).to_dict()["places"]) == 42


# what is refused, and what is shown


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"neuron": 1}, "without layer="),
        ({"layer": 1, "neuron": 1}, "layer must be from 2 to 3, but 1 came"),
        ({"layer": 4}, "layer must be from 2 to 3"),
        ({"layer": 2, "neuron": 5}, "neuron must be from 1 to 4 in layer 2, but 5 came"),
        ({"layer": 2, "neuron": 0}, "neuron must be from 1"),
        ({"layer": 2.5, "neuron": 1}, "layer must be a whole number"),
        ({"layer": 2, "neuron": 1, "dz": 0}, "dz must be a finite number other than 0"),
        ({"layer": 2, "neuron": 1, "dz": [1.0, math.nan]}, "dz must be"),
        ({"layer": 2, "neuron": 1, "dz": "far"}, "dz must be"),
        ({"layer": 2, "neuron": 1, "dz": []}, "dz must be"),
    ],
)
def test_what_is_refused(options, words):
    with pytest.raises(InvalidInputError, match=words):
        bl.demon(network(), *examples(), **options)


def test_what_is_no_model_is_refused():
    with pytest.raises(InvalidInputError, match="Expected a Network, a fitted estimator or a TableModel, but a str"):
        bl.demon("model.safetensors", *examples())
    with pytest.raises(InvalidInputError, match="needs the targets y"):
        bl.demon(network(), examples()[0])


def test_a_cost_that_overflows_is_refused():
    net = bl.Network(([[1.0]],), (np.zeros(1),), "exp")
    with pytest.raises(InvalidInputError, match="cost becomes infinite"):
        bl.demon(net, [[1.0]], [[1.0]], layer=2, neuron=1, dz=1000.0)


def test_reports_as_json():
    for report in (bl.demon(network(), *examples(), layer=2, neuron=1), bl.demon(network(), *examples())):
        document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert document["cost"] == report.cost
    assert document["places"][0]["delta"] == report.places[0].delta


def test_the_table_in_text():
    report = bl.demon(network(), *examples(4), layer=2, neuron=1, dz=[1.0, 0.5])
    lines = str(report).splitlines()
    assert lines[0] == "The demon at neuron 1 of layer 2 (sigmoid; quadratic cost, means over 4 examples)"
    assert lines[3].split("  ")[-1].strip() == "ratio"
    assert lines[4].split()[0] == "1"
    assert len(report.moves) == 2


def test_the_svg_is_drawn_to_scale():
    report = bl.demon(network(), *examples(), layer=3, neuron=1, dz=2)
    root = ElementTree.fromstring(report.to_svg())
    space = "{http://www.w3.org/2000/svg}"
    tangent, curve = (
        [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
        for line in root.iter(f"{space}polyline")
    )
    assert len(curve) == len(report.curve)
    # both have the same height in the middle, and the scale is linear
    (x0, y0), (x1, y1) = tangent
    assert curve[len(curve) // 2] == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2), abs=0.15)
    per_cost = (y1 - y0) / (report.delta * (report.curve[-1][0] - report.curve[0][0]))
    assert curve[-1][1] - curve[0][1] == pytest.approx(per_cost * (report.curve[-1][1] - report.curve[0][1]), abs=0.3)
    words = " ".join(text.text for text in root.iter(f"{space}text"))
    assert "The demon at neuron 1 of layer 3 (sigmoid)" in words
    assert "Δz, added to z =" in words


def test_the_svg_of_a_flat_cost():
    report = bl.demon(RELU, [[0.5, 5.0]], [[0.7]], layer=2, neuron=1, dz=0.1)
    ElementTree.fromstring(report.to_svg())


def test_the_plot_by_matplotlib(tmp_path):
    report = bl.demon(network(), *examples(), layer=3, neuron=1)
    axes = report.plot()
    curve = next(line for line in axes.lines if line.get_label() == "C(z + Δz)")
    np.testing.assert_array_equal(curve.get_xydata(), report.curve)
    assert axes.get_legend_handles_labels()[1][0].startswith("tangent C + δ·Δz")
    axes.figure.savefig(tmp_path / "demon.png")
    assert (tmp_path / "demon.png").read_bytes().startswith(b"\x89PNG")
    assert report.plot(axes) is axes


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'backlit\[plot\]'"):
        bl.demon(network(), *examples(), layer=3, neuron=1).plot()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-2.3, 2.3, [-2, -1, 0, 1, 2]),
        (0.011, 0.0117, [0.011, 0.0112, 0.0114, 0.0116]),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert ticks(low, high) == expected
