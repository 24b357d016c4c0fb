"""Conventions are found by trying."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import header, load, program, task

import backlit as bl
from backlit.grading.judge.detection import detect_convention
from backlit.grading.reading.cases import Task, random_case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.live_student import LiveStudent
from backlit.grading.reading.submission import find_recipe


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        ("right/nielsen", Convention("columns", False, "column")),
        ("right/loops_and_lists", Convention("vectors", False, "flat")),
        ("right/einsum_rows", Convention("rows", True, "flat")),
        ("right/two_layer_class", Convention("rows", True, "row", True)),
        ("right/cached_dictionaries", Convention("columns", True, "column")),
        ("right/train_step_functions", Convention("columns", True, "column")),
        # a mistake must not change what is understood
        ("wrong/nielsen_outer_transposed", Convention("columns", False, "column")),
        ("wrong/nielsen_short_loop", Convention("columns", False, "column")),
        ("wrong/nielsen_flat_target", Convention("columns", False, "column")),
        ("wrong/dictionary_bias_not_summed", Convention("columns", True, "column")),
        ("wrong/sums_outer_of_elements", Convention("columns", True, "column")),
        ("wrong/batch_class_no_mean", Convention("columns", True, "column")),
    ],
)
def test_conventions_are_found(name, convention):
    path = program(name)
    task = Task.from_names(header(path).get("activation", "sigmoid"), header(path).get("loss", "quadratic"))
    student = LiveStudent(load(path))
    recipe = find_recipe(student, student.inventory(), random_case(np.random.default_rng(0), task, (3, 5, 2), 1))
    assert detect_convention(recipe, task, 0)[0] == convention


@pytest.mark.parametrize(
    "name",
    ["dlai_deep", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("dlai_planar", "softmax_batch"))],
)
def test_it_is_said_what_a_program_is_right_for(name):
    path = program(f"right/{name}")
    asked = task(path)
    assert bl.grade(load(path), seed=0, **asked).remarks == ()
    verdict = bl.grade(load(path), seed=0, activation="relu", loss="quadratic")
    names = asked["activation"] if isinstance(asked.get("activation"), str) else ",".join(asked["activation"])
    names = "sigmoid,softmax" if names == "softmax" else names
    words = f"Every number is right for --activation {names} --loss {asked.get('loss', 'quadratic')}."
    assert verdict.verdict == "fail"
    assert [remark.startswith(words) for remark in verdict.remarks] == [True], verdict.remarks


def test_of_a_wrong_program_nothing_such_is_said():
    assert bl.grade(load(program("wrong/nielsen_bp2_no_prime")), seed=0).remarks == ()
