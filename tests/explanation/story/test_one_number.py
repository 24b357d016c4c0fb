"""One number of a step, worked: it ends in the number of the trace, by its own equation."""

from __future__ import annotations

import pytest

from backlit.explanation import explain
from backlit.explanation.exercise import Exercise
from backlit.explanation.story.document import Definition, Document
from backlit.explanation.story.one_number import QUANTITIES, work_number
from backlit.explanation.views.text import render_document_text
from every import every

NETWORK = {
    "sizes": [2, 3, 2],
    "weights": [[[0.1, -0.2], [0.3, 0.4], [0.2, 0.2]], [[0.5, 0.6, -0.1], [-0.7, 0.8, 0.3]]],
    "biases": [[0.35, 0.4, 0.1], [0.6, -0.5]],
    "x": [[0.5, -1.2], [0.1, 0.3]],
    "y": [[0.1, 0.9], [0.2, 0.4]],
    "learning_rate": 0.3,
}
ONE = NETWORK | {"x": [0.5, -1.2], "y": [0.1, 0.9]}
DEFINITIONS = dict(zip(QUANTITIES, ["z", "a", "σ′", None, "BP3", "BP4", "update", "update"], strict=True))


def expected(explanation, quantity, layer, index):
    parameters, j = explanation.layer_parameters(layer), index[0]
    if quantity in ("z", "a", "delta", "sigma_prime"):
        trace = explanation.examples[index[1]].layer(layer)
        arrays = {"z": trace.z, "a": trace.a, "delta": trace.error.delta, "sigma_prime": trace.error.sigma_prime}
        return arrays[quantity][j]
    step = parameters.step
    arrays = {"nabla_b": step.nabla_b, "nabla_w": step.nabla_w, "b_new": step.b_after, "w_new": step.w_after}
    return arrays[quantity][index if quantity in ("nabla_w", "w_new") else j]


@every("exercise", [ONE, NETWORK])
@every("layer", [2, 3])
@every("quantity", QUANTITIES)
def test_it_ends_in_the_number_of_the_trace(exercise, layer, quantity):
    explanation = explain(Exercise.from_dict(exercise))
    example = len(explanation.examples) - 1
    index = (1, 0) if quantity in ("nabla_w", "w_new") else (1, example)
    worked = work_number(explanation, quantity, layer, index)
    assert worked.value == expected(explanation, quantity, layer, index)
    definition = worked.blocks[0]
    assert isinstance(definition, Definition)
    assert definition.name == (DEFINITIONS[quantity] or ("BP1" if layer == 3 else "BP2"))


def test_nothing_else_is_told():
    worked = work_number(explain(Exercise.from_dict(ONE)), "delta", 2, (2, 0))
    assert render_document_text(Document(worked.blocks, 3)).splitlines()[2:] == [
        "    δ²_3 = (w³_13 δ³_1 + w³_23 δ³_2) σ′(z²_3) = (−0.1·0.119 + 0.3·(−0.12))·0.25 = −0.012"
    ]


def test_softmax_has_no_slope_of_its_own():
    softmax = {"activation": ["relu", "softmax"], "loss": "cross_entropy", "y": [0, 1]}
    explanation = explain(Exercise.from_dict(ONE | softmax))
    assert work_number(explanation, "sigma_prime", 3, (0, 0)) is None
    output = explanation.examples[0].layer(3)
    assert work_number(explanation, "delta", 3, (0, 0)).value == pytest.approx(output.a[0])  # a − y
