"""Notebooks: cells and lines are named, and what only IPython understands is read as IPython reads it."""

from __future__ import annotations

import json

import pytest

import backlit as bl
from backlit.grading.reading.notebook import code_cells, place, shell_names, without_magics
from backlit.grading.reading.student import Call
from backlit.grading.sandbox.sandboxed_student import SandboxedStudent

EQUATIONS = """def output_error(a, y, z):
    return (a - y) * sigmoid_prime(z)

def backpropagated_error(w, delta, z):
    return w.T @ delta
"""


def notebook(folder, *cells):
    made = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    made.insert(1, {"cell_type": "markdown", "source": "# BP2\n\nis next"})
    path = folder / "student.ipynb"
    path.write_text(json.dumps({"cells": made}))
    return path


# each was compared with what IPython 9 makes of the same cell
@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("%matplotlib inline\nx = 1\n!ls\n", {"x": 1}),
        ("%time x = 3\n", {"x": 3}),
        ("x = %time 4\n", {"x": 4}),
        ("%prun -q x = 3", {"x": 3}),
        ("%timeit -n1 -r1 x = 3\ny = 1", {"y": 1}),
        ("x = !true\n", {"x": []}),
        ("for i in range(3):\n    !true\n    x = i\n", {"i": 2, "x": 2}),
        ("if True:\n    %time x = 9\n", {"x": 9}),
        ("%%time\nx = 8\n", {"x": 8}),
        ("\n\n%%capture out\nx = 8\nprint(x)", {"x": 8}),
        ("%%bash\nx=1\n", {}),
        ("%%timeit -n1 -r1\nx = 4", {}),
        ("%%latex\n\\frac{a}{b}", {}),
        ("!echo a \\\n  b\nx = 2", {"x": 2}),
        ("x = 5\nx?\nprint??\n?print\n", {"x": 5}),
        (">>> x = 1\n>>> for i in range(2):\n...     x += i\n", {"x": 2, "i": 1}),
        ("    x = 1\n    y = 2\n    %pwd\n", {"x": 1, "y": 2}),
        ("pip --version", {}),
        ("matplotlib inline", {}),
        ("display(3)\nx = 1\nget_ipython().run_line_magic('pwd', '')", {"x": 1}),
        ("s = '%d?' % 3\n%pwd\n", {"s": "3?"}),
        ("# is this right?\n%pwd\nx = 1", {"x": 1}),
        ("x = 'a' # ok?\n%pwd", {"x": "a"}),
        ("s = '''\n!no command\n'''\n%pwd\n", {"s": "\n!no command\n"}),
        ("x = (7\n  % 3)\n%pwd\n", {"x": 1}),
        ("x = 10\nx %= 3\n%pwd", {"x": 1}),
        ("x = 1 \\\n + 2\n%pwd", {"x": 3}),
        (",print a b\n/print 3\nx = 1", {"x": 1}),
    ],
)
def test_magics_are_read_as_ipython_reads_them(cell, names, capsys):
    namespace = shell_names()
    known = set(namespace)
    text = without_magics(cell)
    assert len(text.splitlines()) == len(cell.splitlines())
    exec(text, namespace)
    del namespace["__builtins__"]
    assert {name: value for name, value in namespace.items() if name not in known} == names


def test_a_cell_that_is_python_is_left_as_it_is():
    cell = 'def f(s):\n    text = """\n!no command\n"""\n    return (s\n        % 3)  # is this right?\n'
    assert without_magics(cell) == cell


def test_what_is_no_python_stays_an_error():
    with pytest.raises(SyntaxError):
        compile(without_magics("%pwd\nx = = 1\n"), "cell", "exec")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"[", "Expecting"),
        (b"[]", "notebook must be an object"),
        (b'{"cells": [1]}', r"notebook.cells\[0\] must be an object"),
        (b'{"cells": [{"cell_type": "code", "source": ["a", 1]}]}', r"notebook.cells\[0\].source\[1\] must be text"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook_is_said(source, said):
    with pytest.raises(ValueError, match=said):
        code_cells(source)


def test_outputs_are_of_no_concern():
    cell = '{"cell_type": "code", "source": "x = 1", "outputs": [{"data": NaN}]}'
    assert code_cells(f'{{"cells": [{cell}]}}'.encode()) == ["x = 1\n"]


def test_a_line_of_all_cells_is_told_apart():
    cells = ["a\n", "b\nc\n", "d"]
    assert [place(cells, line) for line in range(1, 6)] == [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2)]


def test_an_exception_is_found_in_its_cell(tmp_path):
    path = notebook(tmp_path, "import numpy as np\n", EQUATIONS)
    first = bl.grade(path, seed=0).findings[0]
    assert (first.equation, first.cell, first.line) == ("BP1", 2, 2)
    assert "NameError" in first.found


def test_wrong_numbers_are_found_in_the_function_that_gave_them(tmp_path):
    right = "%matplotlib inline\ndef sigmoid_prime(z):\n    a = 1 / (1 + np.exp(-z))\n    return a * (1 - a)\n"
    path = notebook(tmp_path, "import numpy as np", right, EQUATIONS)
    first = bl.grade(path, seed=0).findings[0]
    assert (first.equation, first.mistake, first.cell, first.line) == ("BP2", "missing_sigma_prime", 3, 4)


def test_a_notebook_counts_up_to_the_cell_that_fails(tmp_path):
    path = notebook(tmp_path, "%matplotlib inline\n!ls\ndef f():\n    return 1", "x = 1\nx / 0", "def g(): pass")
    with SandboxedStudent(path) as student:
        assert [info.name for info in student.inventory().functions] == ["f"]
        assert student.run([Call("f")])[0].value == 1
        assert "Code cell 2 of the notebook raised ZeroDivisionError: division by zero (line 2)" in student.remarks[-1]


def test_a_script_made_of_a_notebook_loads(tmp_path):
    path = tmp_path / "student.py"
    path.write_text(
        "get_ipython().run_line_magic('matplotlib', 'inline')\ndef bias_gradient(delta):\n    return delta\n"
    )
    assert bl.grade(path, points={"BP3": 1}).verdict == "pass"
