"""Live objects: what they offer, and calls on copies."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import InvalidInputError
from backlit.grading.reading.live_student import LiveStudent
from backlit.grading.reading.student import Call


class Counter:
    def __init__(self, start):
        self.total = start

    def add(self, x, times=1):
        self.total = self.total + times * x
        return self.total


class Child(Counter):
    pass


def damage(x):
    x += 1
    return x


def test_inventory_names_functions_and_methods():
    inventory = LiveStudent({"damage": damage, "Child": Child, "number": 3}).inventory()
    assert [(info.name, info.parameters, info.n_required) for info in inventory.functions] == [("damage", ("x",), 1)]
    methods = {info.name: (info.parameters, info.n_required) for info in inventory.classes["Child"]}
    assert methods == {"__init__": (("start",), 1), "add": (("x", "times"), 1)}


def test_arguments_are_copied_and_damage_is_reported():
    given = np.ones(2)
    (outcome,) = LiveStudent([damage]).run([Call("damage", (given,))])
    np.testing.assert_array_equal(given, 1.0)
    np.testing.assert_array_equal(outcome.args_after[0], 2.0)


def test_objects_live_for_one_script():
    student = LiveStudent(Counter)
    script = [Call("Counter", (1,), attributes={"total": 10}), Call(".add", (5,), read=("total", "missing"))]
    for _ in range(2):
        constructed, added = student.run(script)
        assert constructed.value is None
        assert added.value == 15
        assert added.attributes == {"total": 15}


def test_exceptions_are_outcomes_with_a_line():
    def bad(x):
        return x / 0

    (outcome,) = LiveStudent({"bad": bad}).run([Call("bad", (1,))])
    assert outcome.error == "ZeroDivisionError: division by zero"
    assert outcome.line == bad.__code__.co_firstlineno + 1
    (missing,) = LiveStudent({"bad": bad}).run([Call("other", (1,))])
    assert missing.error.startswith("KeyError")


def test_nothing_callable_is_refused():
    with pytest.raises(InvalidInputError, match="int came"):
        LiveStudent(7)
