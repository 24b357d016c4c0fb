"""Random networks and batches."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import BacklitError, InvalidInputError
from backlit.grading.reading.cases import Task, draw_cases


def test_tasks_are_read_from_names():
    assert Task.from_names("sigmoid", "quadratic") == Task("sigmoid", "sigmoid", "quadratic")
    assert Task.from_names("softmax", "log_loss") == Task("sigmoid", "softmax", "cross_entropy")
    assert Task.from_names(["relu", "identity"], "squared_error") == Task("relu", "identity", "quadratic")


@pytest.mark.parametrize("activation", [[], ["relu"] * 3, ["softmax", "sigmoid"]])
def test_impossible_tasks_are_refused(activation):
    with pytest.raises(InvalidInputError):
        Task.from_names(activation, "quadratic")


def test_losses_must_fit_the_output():
    with pytest.raises(BacklitError, match="defined"):
        Task.from_names("relu", "cross_entropy")


@pytest.mark.parametrize("batches", [False, True])
def test_cases_hold_square_networks_and_networks_of_different_widths(batches):
    cases = draw_cases(0, Task("sigmoid", "sigmoid", "quadratic"), batches=batches)
    assert {case.n_layers for case in cases if case.is_square} == {3, 4}
    assert {case.n_layers for case in cases if len(set(case.sizes)) == case.n_layers} == {3, 4}
    assert {case.n_examples for case in cases} == ({1, 7, 9} if batches else {1})
    for case in cases:
        assert case.x.shape == (case.sizes[0], case.n_examples)
        assert case.y.shape == (case.sizes[-1], case.n_examples)
        for layer in case.w:
            assert case.w[layer].shape == (case.sizes[layer - 1], case.sizes[layer - 2])
            assert np.all(np.abs(case.b[layer]) >= 0.3)


def test_cases_are_a_function_of_the_seed():
    task = Task("sigmoid", "sigmoid", "quadratic")
    first, again, other = (draw_cases(seed, task, batches=True)[0].x for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_softmax_has_one_hot_targets():
    for case in draw_cases(0, Task("sigmoid", "softmax", "cross_entropy"), batches=True):
        np.testing.assert_array_equal(case.y.sum(axis=0), 1.0)
        assert case.sizes[-1] > 1
