"""Programs that are right for something else."""

from __future__ import annotations

import pytest
from corpus import load, program, task

import backlit as bl


@pytest.mark.parametrize("name", ["dlai_planar", "dlai_deep", "softmax_batch"])
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
