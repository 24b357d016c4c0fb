"""The page for a student: on one screen, in the lecture's notation, and true."""

from __future__ import annotations

import re

import pytest
from corpus import load, program, task

import backlit as bl
from backlit.grading.judge.verdict import Finding, Score, Verdict
from backlit.grading.reports.text import render_text

# one mistake each, in programs of every kind
USUAL = ["nielsen_bp2_no_prime", "columns_bp2_sigma", "dictionary_update_sign", "einsum_wrong_n", "jax_like_sign"]


def text_of(name: str, **options: object) -> str:
    path = program(name)
    return render_text(bl.grade(load(path), seed=1, **task(path)), title=path.name, **options)


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("width", [80, 100])
def test_one_mistake_is_told_on_one_screen(name, width):
    lines = text_of(f"wrong/{name}", width=width).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width


def test_the_right_number_is_worked_beside_the_students():
    text = text_of("wrong/nielsen_bp2_no_prime", width=100)
    assert "[Network.backprop, nielsen_bp2_no_prime.py:45]" in text
    assert "BP2   δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)" in text
    number = r"(−?[\d.]+(?:×10[⁻\d]+)?)"
    right = re.search(r"δ²_1 = \(w³_11 δ³_1 \+ w³_21 δ³_2\) σ′\(z²_1\) = \((.*)\)·(\S+) = " + number, text)
    mine = re.search(rf"δ²_1 = {number}  ← in your program", text)
    product, slope, value = (part.replace("−", "-").replace("·", "*") for part in right.groups())
    assert eval(product) * float(slope) == pytest.approx(float(value), rel=2e-3)
    assert eval(product) == pytest.approx(float(mine[1].replace("−", "-")), rel=2e-3)  # σ′ is what it lacks


def test_what_is_right_and_what_comes_next_is_said():
    text = text_of("wrong/columns_two_mistakes", width=100)
    for words in ("Begin with BP1", "BP4, columns_two_mistakes.py:30", "✓ right: z, a, σ′, BP2, BP3", "Next: mend BP1"):
        assert words in text
    assert "FAIL, 6 of 8 points" in text


def test_details_hold_the_whole_step():
    text = text_of("wrong/nielsen_bp2_no_prime", details=True)
    assert "column vectors, one example at a time" in text
    assert text.index("2. Feed forward") < text.index("5. Gradients")


def test_what_is_missing_comes_next():
    verdict = bl.grade([bias_gradient], seed=0)
    text = render_text(verdict, title="b.py")
    assert "· missing: BP1, BP2, BP4" in text
    assert "Next: write BP1, the error of the output layer" in text
    assert "δ^L = ∇_a C ⊙ σ′(z^L)" in text


def bias_gradient(delta):
    return delta


def test_an_exception_is_shown_and_no_number_is_made_up():
    finding = Finding("BP2", None, None, None, "ValueError: no", None, "Look at BP2. The program stopped there.", 3)
    text = render_text(Verdict("fail", (finding,), (Score("BP2", 0, 1, 0, "wrong"),), ()), title="x.py")
    assert "The program stopped there." in text
    assert "δ^l = ((w^{l+1})ᵀ" in text
    assert "in your program" not in text
    assert "\x1b" not in render_text(Verdict("error", (), (), (), ("\x1b[31m",)))
