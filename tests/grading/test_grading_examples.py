"""The examples for otter-grader, nbgrader and Gradescope, without these programs: what they would run is run here."""

from __future__ import annotations

import ast
import doctest
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from corpus import program

EXAMPLES = Path(__file__).parents[2] / "examples" / "grading"
RIGHT, WRONG = program("right/equations_columns"), program("wrong/columns_bp2_not_transposed")


def run_cell(source, namespace):
    """Run a notebook's cell, and return what its last line gives."""
    *body, last = ast.parse(source).body
    exec(compile(ast.Module(body, []), "cell", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)


@pytest.mark.parametrize(("submission", "points"), [(RIGHT, 4), (WRONG, 3)])
def test_the_cell_for_nbgrader_gives_points(submission, points, capsys):
    assert run_cell((EXAMPLES / "nbgrader_cell.py").read_text(), runpy.run_path(str(submission))) == points
    assert ("w^{l+1} must be transposed" in capsys.readouterr().out) == (submission is WRONG)


@pytest.mark.parametrize(("submission", "n_failed"), [(RIGHT, 0), (WRONG, 1)])
def test_the_file_for_otter_is_a_doctest(submission, n_failed):
    test = runpy.run_path(str(EXAMPLES / "otter_test.py"))["test"]
    (case,) = test["suites"][0]["cases"]
    parsed = doctest.DocTestParser().get_doctest(case["code"], runpy.run_path(str(submission)), "backprop", None, None)
    said = []
    assert doctest.DocTestRunner().run(parsed, out=said.append).failed == n_failed
    assert any("w^{l+1} must be transposed" in line for line in said) == (n_failed > 0)


@pytest.mark.parametrize("name", ["nbgrader_cell.py", "otter_test.py"])
def test_functions_that_are_not_recognized_do_not_pass(name):
    # a lambda has no name of its own, and a function of another name is none that is asked for
    namespace = dict.fromkeys(("output_error", "backpropagated_error", "bias_gradient", "weight_gradient"), None)
    source = (EXAMPLES / name).read_text()
    if name == "otter_test.py":
        code = runpy.run_path(str(EXAMPLES / name))["test"]["suites"][0]["cases"][0]["code"]
        parsed = doctest.DocTestParser().get_doctest(code, namespace, "backprop", None, None)
        assert doctest.DocTestRunner().run(parsed, out=lambda line: None).failed
    else:
        with pytest.raises(Exception, match="no function was found"):
            run_cell(source, namespace)


def test_the_script_for_gradescope_writes_results(tmp_path):
    script = (EXAMPLES / "gradescope_run_autograder").read_text()
    (tmp_path / "submission").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "submission" / "backprop.py").write_text(WRONG.read_text())
    script = script.replace("/autograder", str(tmp_path)).replace("backlit grade", f"{sys.executable} -m backlit grade")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    assert results["score"] == 14 - 3
    assert {test["name"]: test["status"] for test in results["tests"]}["BP2"] == "failed"
