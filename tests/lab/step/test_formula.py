"""Every number of a step: its value is the trace's, its printed summands add up, its source is named."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from backlit.errors import InvalidInputError
from backlit.lab.commands import act
from backlit.lab.state.deeds import EditOf
from backlit.lab.state.numbers import number_at
from backlit.lab.state.state import LabState, with_built_in
from backlit.lab.step.agreement import agreement
from backlit.lab.step.formula import explain_number
from backlit.lab.talk.protocol import EnterHomework, SetNetwork
from backlit.lab.talk.replies import Reference
from every import every

QUANTITIES = (
    *("x", "w", "b", "z", "a", "sigma_prime", "nabla_a", "delta"),
    *("nabla_b", "nabla_w", "b_new", "w_new", "y", "cost"),
)


def labs() -> dict[str, LabState]:
    xor, iris = with_built_in("xor"), with_built_in("iris")
    sums, _ = act(iris, SetNetwork((3,), ("softplus",), "softmax", "quadratic", 1))
    return {
        "one example": xor,
        "a batch": xor.choosing((0, 1, 2), 1),
        "softmax with its short cut": iris.choosing((3, 4), 0),
        "softmax without": sums,
        "regression": with_built_in("sine").choosing((1, 2), 1),
    }


LABS = labs()


def places(state: LabState):
    last = len(state.network.sizes)
    for quantity, layer, j, k, e in itertools.product(QUANTITIES, range(1, last + 1), (1, 2), (None, 2), (None, 2)):
        if (k is not None) != (quantity in ("w", "nabla_w", "w_new")):
            continue
        yield Reference(quantity, layer, j, k, e)


def explained(state: LabState, terms: int | None = 12, digits: int = 6):
    for place in places(state):
        try:
            yield explain_number(state, place, terms, digits)
        except InvalidInputError:
            continue


@every("name", LABS)
def test_every_number_is_the_traces_and_adds_up(name):
    state, seen = LABS[name], set()
    for view in explained(state):
        assert view.value == number_at(state.explanation, view.place, state.example), view.place
        assert view.agreement is None or view.agreement.agrees, (view.place, view.agreement)
        assert view.check is None or view.check.verdict in ("agrees", "kink"), (view.place, view.check)
        seen |= {view.place.quantity} if view.agreement else set()
    assert seen >= {"z", "nabla_b", "nabla_w", "b_new", "w_new", "cost"} | (
        {"delta"} if "without" not in name else set()
    )


def test_where_a_summand_comes_from_can_be_gone_to():
    state = LABS["a batch"]
    wanted = [
        Reference("z", 3, 1),
        Reference("delta", 2, 1),
        Reference("nabla_w", 2, 1, 2),
        Reference("w_new", 3, 1, 1),
    ]
    for view in (explain_number(state, place, 12, 6) for place in wanted):
        for factor in (factor for each in view.summands for factor in each.factors):
            if factor.place is not None:
                there = explain_number(state, factor.place, 12, 6)
                assert there.value == factor.value
                assert there.printed == factor.printed


def test_a_long_sum_shows_its_largest_terms_and_the_rest_as_one():
    state, _ = act(LABS["one example"], SetNetwork((64,), ("tanh",), "sigmoid", "quadratic", 0))
    few = explain_number(state, Reference("z", 3, 1), 5, 4)
    assert [each.count for each in few.summands] == [1, 1, 1, 1, 1, 59, 1]
    assert few.agreement.agrees
    assert len(explain_number(state, Reference("z", 3, 1), None, 4).summands) == 65


def test_bp2_names_its_factors():
    view = explain_number(LABS["one example"], Reference("delta", 2, 1), 12, 6)
    assert view.law_name == "BP2"
    assert [(f.place.quantity, f.place.layer) for f in view.summands[0].factors] == [("w", 3), ("delta", 3)]
    assert view.times.place.quantity == "sigma_prime"


def test_each_summand_is_one_formula_of_its_own_with_its_sign():
    view = explain_number(LABS["one example"], Reference("z", 3, 1), 12, 6)
    assert all(each.numbers.count("<math>") == 1 for each in view.summands)
    assert not re.search('^<math><mo form="infix">', view.summands[0].numbers)
    assert all(re.search('^<math><mo form="infix">', each.numbers) for each in view.summands[1:])


def test_a_sum_that_does_not_add_up_is_said_to_differ():
    view = explain_number(LABS["one example"], Reference("z", 2, 1), 12, 6)
    wrong = agreement(view.summands, None, view.value + 2e-5, 6, [1] * len(view.summands))
    assert not wrong.agrees
    assert "differ" in wrong.sentence


def test_a_wrong_gradient_is_said_to_differ(monkeypatch):
    from backlit.lab.step import check

    right = check.check_parameter

    def off(*arguments):
        found, kink = right(*arguments)
        return replace(found, analytic=found.analytic + 0.1, relative_error=1.0), kink

    monkeypatch.setattr(check, "check_parameter", off)
    view = explain_number(LABS["one example"], Reference("nabla_b", 2, 1), 12, 6)
    assert view.check.verdict == "differs"


def test_given_numbers_say_where_they_come_from():
    state = with_built_in("iris")
    assert "petal_length" in explain_number(state, Reference("x", 1, 3), 12, 6).origin
    assert "seed 0" in explain_number(state, Reference("w", 2, 1, 1), 12, 6).origin
    edited = state.with_history(state.history.with_done(EditOf(2, 1, 1, 0.5), 1))
    assert "by hand" in explain_number(edited, Reference("w", 2, 1, 1), 12, 6).origin


def test_a_kink_is_said_to_be_one():
    homework = {"sizes": [1, 1, 1], "weights": [[[1.0]], [[1.0]]], "biases": [[0.0], [0.0]], "x": [0.0], "y": [1.0],
                "activation": ["relu", "identity"]}  # fmt: skip
    state, _ = act(LABS["one example"], EnterHomework(homework))
    assert explain_number(state, Reference("b", 2, 1), 12, 6).check.verdict == "kink"


@every(
    ("place", "words"),
    [
        (Reference("z", 9, 1), "Layers with weights"),
        (Reference("z", 2, 9), "neurons 1 to 2"),
        (Reference("w", 2, 1), "needs k"),
        (Reference("z", 2, 1, 1), "no k"),
        (Reference("w", 2, 1, 7), "neuron 7"),
        (Reference("delta", 1, 1), "Layer 1 is the input"),
        (Reference("z", 2, 1, None, 5), "examples 1 to 1"),
    ],
)
def test_numbers_that_are_not_there_are_refused(place, words):
    with pytest.raises(InvalidInputError, match=words):
        explain_number(LABS["one example"], place, 12, 6)
