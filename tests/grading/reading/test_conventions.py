"""Layouts: there and back, without mending what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.grading.reading.conventions import Convention, as_array, conventions


@pytest.mark.parametrize(
    "convention", conventions(), ids=lambda c: f"{c.layout}-{c.batches}-{c.bias}-{c.weights_transposed}"
)
def test_there_and_back(convention):
    values = np.arange(12.0).reshape(4, 3) if convention.batches else np.arange(4.0).reshape(4, 1)
    w, b = np.arange(8.0).reshape(4, 2), np.arange(4.0).reshape(4, 1)
    np.testing.assert_array_equal(convention.take(convention.give(values)), values)
    np.testing.assert_array_equal(convention.take_w(convention.give_w(w)), w)
    np.testing.assert_array_equal(convention.take_b(convention.give_b(b)), b)


def test_wrong_shapes_stay_visible():
    columns = Convention("columns", False, "column")
    assert columns.take_b(np.ones(3)).shape == (3,)
    assert columns.take_b(np.ones((3, 3))).shape == (3, 3)
    assert Convention("rows", True, "flat").take_b(np.ones((7, 3))).shape == (3, 7)
    assert Convention("vectors", False, "flat").take_b(np.ones((3, 3))).shape == (3, 3)


def test_given_arrays_are_copies():
    values = np.ones((3, 1))
    for convention in conventions():
        for given in (convention.give(values), convention.give_b(values), convention.give_w(values)):
            given += 1
    np.testing.assert_array_equal(values, 1.0)


def test_what_holds_no_numbers_is_refused():
    for value in ("text", None, np.array(["a"]), np.array([None])):
        with pytest.raises(ValueError, match="array"):
            as_array(value)


def test_known_things_narrow_the_choice():
    assert {c.bias for c in conventions(bias="column")} == {"column"}
    assert all(c.weights_transposed for c in conventions(weights_transposed=True))
