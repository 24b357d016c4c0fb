"""Recognizing classes and plain functions, and calling them."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import load, program

from backlit.grading.reading.cases import Task, random_case
from backlit.grading.reading.live_student import LiveStudent
from backlit.grading.reading.submission import find_recipe

TASK = Task("sigmoid", "sigmoid", "quadratic")
PROBE = random_case(np.random.default_rng(0), TASK, (3, 5, 2), 1)


def recipe(name):
    student = LiveStudent(load(program(f"right/{name}")))
    return find_recipe(student, student.inventory(), PROBE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nielsen", (("sizes",), {"weights": "weights", "biases": "biases"}, None)),
        ("batch_class", (("sizes",), {"params": "parameters"}, None)),
        ("sums_and_update", (("sizes", "eta"), {"w": "weights", "b": "biases"}, None)),
        (
            "layers_of_objects",
            (("sizes",), {"layers.0.W": "W1", "layers.2.W": "W2", "layers.0.b": "b1", "layers.2.b": "b2"}, 3),
        ),
        ("two_layer_class", (("size_0", "size_1", "size_2"), {k: k for k in ("W1", "W2", "b1", "b2")}, 3)),
    ],
)
def test_classes_are_recognized(name, expected):
    found = recipe(name)
    assert (found.constructor, found.attributes, found.n_layers) == expected


def test_layouts_are_read_from_what_the_constructor_made():
    assert recipe("nielsen").known == {"weights_transposed": False, "bias": "column"}
    assert recipe("two_layer_class").known == {"weights_transposed": True, "bias": "row"}
    assert recipe("train_step_class").known == {"weights_transposed": False, "bias": "flat"}


def test_pairs_are_found_by_trying():
    assert recipe("jax_like_pairs").style == "pairs"
    assert recipe("cached_dictionaries").style == "parameters"


@pytest.mark.parametrize(
    ("name", "n_layers", "stops"),
    [
        ("right/dlai_planar", 3, False),
        ("right/dlai_deep", None, False),
        ("wrong/dlai_deep_two_layers_written_down", 3, True),
    ],
)
def test_a_depth_that_is_written_down_is_told_from_one_that_is_meant(name, n_layers, stops):
    path = program(name)
    student = LiveStudent(load(path))
    found = find_recipe(student, student.inventory(), PROBE, path.read_text())
    assert (found.n_layers, found.stops_early) == (n_layers, stops)
    assert not find_recipe(student, student.inventory(), PROBE).stops_early  # without the text, nobody can tell


def test_functions_are_recognized():
    assert recipe("loops_and_lists").roles("gradients") == ("x", "y", "weights", "biases")
    assert recipe("two_layer_functions").n_layers == 3
    assert recipe("cached_dictionaries").roles("gradients") == ("a", "y", "cache")
    assert recipe("cached_dictionaries").updater.name == "update_parameters"
    assert recipe("train_step_functions").main == "training"
    assert recipe("equations_columns") is None


def test_a_network_is_put_into_the_object():
    found = recipe("nielsen")
    observed = found.observe(PROBE, found.conventions()[0])
    other = random_case(np.random.default_rng(1), TASK, (3, 5, 2), 1)
    assert not np.allclose(
        observed.numbers["nabla_w", 2], found.observe(other, found.conventions()[0]).numbers["nabla_w", 2]
    )
    again = found.observe(PROBE, found.conventions()[0])
    np.testing.assert_array_equal(observed.numbers["nabla_w", 2], again.numbers["nabla_w", 2])
