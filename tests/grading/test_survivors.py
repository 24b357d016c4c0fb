"""Right programs with one thing changed: each must fail, but for those of `survivors.txt`, which says why they pass.

A few by default, and some thousands in ``make soak``. After a right program has changed or come,
``python survivors.py PROGRAM`` prints its lines, to be looked at and put in the place of the old ones.
"""

from __future__ import annotations

import pytest
from corpus import FOLDER, RIGHT, program
from mutation import mutants
from survivors import survivors

KINDS = ("same numbers", "not run", "other initial weights", "answers otherwise")
LINES = (FOLDER / "survivors.txt").read_text().splitlines()
KNOWN = dict(line.split(" | ") for line in LINES if line and not line.startswith("#"))

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::SyntaxWarning")  # they overflow


def found(path, every=1):
    return {f"{path.stem}:{mutant}": why for mutant, why in survivors(path, every)}


def new(passing):
    return {name: why for name, why in passing.items() if not KNOWN.get(name, "").startswith(why)}


@pytest.mark.parametrize("name", ["equations_vectors", pytest.param("two_layer_functions", marks=pytest.mark.thorough)])
def test_what_changes_a_number_fails(name):
    assert not new(found(program(f"right/{name}"), every=9))


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_nothing_else_passes(path):
    passing = found(path)
    assert not new(passing)
    assert passing.keys() == {name for name in KNOWN if name.startswith(f"{path.stem}:")}


def test_every_survivor_has_a_reason_and_a_program():
    assert {name.partition(":")[0] for name in KNOWN} <= {path.stem for path in RIGHT}
    for name, why in KNOWN.items():
        assert any(kind in why for kind in KINDS), name
        if "answers otherwise" in why:
            assert why.partition("otherwise: ")[2], f"{name} needs a reason"


@pytest.mark.parametrize(
    ("expression", "changed"),
    [
        ("w @ a + b", {"w @ a - b", "w @ a", "b", "w * a + b", "w.T @ a + b", "w @ a.T + b", "a @ w + b"}),
        ("2 * delta", {"delta", "3 * delta", "1 * delta", "2 / delta", "2 * (2 * delta)"}),
        ("z[l]", {"z[l + 1]", "z[l - 1]"}),
        ("z[-1]", {"z[1]", "z[-2]", "z[-0]"}),
        ("np.sum(d, axis=1, keepdims=True)", {"np.mean(d, axis=1, keepdims=True)", "np.sum(d, axis=0, keepdims=True)"}),
        ("np.dot(a.T, d)", {"np.dot(a, d)", "np.dot(d, a.T)", "2 * np.dot(a.T, d)"}),
        ("np.einsum('nj,nk->jk', d, a)", {"np.einsum('nj,nk->kj', d, a)", "np.einsum('nj,kn->jk', d, a)"}),
        ("z > 0", {"z >= 0", "z <= 0", "z > 1"}),
        ("a if z else b", {"a", "b"}),
        ("w[::-1]", {"w", "w[::1]"}),
    ],
)
def test_operators_factors_indices_axes_and_transposes_are_changed(expression, changed):
    texts = [mutant.text.strip() for mutant in mutants(expression)]
    assert changed <= set(texts)
    assert len(texts) == len(set(texts))
    assert expression not in texts


def test_a_step_that_adds_up_is_changed():
    assert {"w += g", "w = g"} <= {mutant.text.strip() for mutant in mutants("w -= g")}
