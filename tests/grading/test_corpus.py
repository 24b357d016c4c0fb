"""The corpus: right programs, and wrong ones that are made of them."""

from __future__ import annotations

import pytest
from corpus import FOLDER, RIGHT, WRONG, changed, header, made_wrong, program

from backlit.grading.judge.catalogue import CATALOGUE

PROGRAM = "def f(z):\n    return z\n\n\ndef g(z):\n    return z\n"


def test_the_corpus_is_large_enough():
    assert len(WRONG) >= 251
    assert len(RIGHT) >= 57
    for form in ("nielsen", "dlai", "cs231n", "nnfs", "micrograd"):
        right, wrong = ([path for path in paths if path.stem.startswith(form)] for paths in (RIGHT, WRONG))
        assert len(wrong) >= 20, form
        assert len(right) >= 6 or form == "nielsen", form
    assert {header(path)["mistake"] for path in WRONG} - {"None"} <= set(CATALOGUE)


def test_names_are_unique():
    described = [name for path in (FOLDER / "mistakes").glob("*.diff") for name, _ in made_wrong(path.read_text())]
    whole = [path.stem for path in (FOLDER / "wrong").glob("*.py")]
    assert sorted(described + whole) == [path.stem for path in WRONG]


def test_lines_go_and_come_where_a_change_says():
    assert changed(PROGRAM, " def g(z):\n-    return z\n+    return -z\n") == PROGRAM[:-2] + "-z\n"
    assert changed(PROGRAM, "-def f(z):\n-    return z\n...\n-def g(z):\n+def h(z):\n") == (
        "\n\ndef h(z):\n    return z\n"
    )


@pytest.mark.parametrize("change", ["-    return z\n+    return 2 * z\n", "-    return y\n"])
def test_a_change_that_fits_no_place_or_two_is_refused(change):
    with pytest.raises(ValueError, match="places fit, not 1"):
        changed(PROGRAM, change)


def test_a_wrong_program_is_the_right_one_but_for_its_change():
    right, wrong = (program(name).read_text() for name in ("right/nielsen", "wrong/nielsen_sign"))
    assert wrong == "# equation: BP1\n# mistake: sign\n" + right.replace("return a - y", "return y - a")
