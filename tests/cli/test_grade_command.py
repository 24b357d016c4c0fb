"""`backlit grade`, run as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[1] / "grading"
RIGHT, BATCH = PROGRAMS / "right" / "nielsen.py", PROGRAMS / "right" / "equations_batch_columns.py"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "backlit", "grade", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_right_program_passes():
    done = run(RIGHT, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "pass"


def test_a_wrong_program_fails_with_points(tmp_path):
    wrong, out = tmp_path / "wrong.py", tmp_path / "results.json"
    wrong.write_text(BATCH.read_text().replace("np.mean(delta", "np.sum(delta"))
    done = run(wrong, "--format", "gradescope", "--points", "BP3=4", "--out", out)
    assert done.returncode == 1, done.stderr
    tests = {test["name"]: test for test in json.loads(out.read_text())["tests"]}
    assert (tests["BP3"]["score"], tests["BP3"]["max_score"], tests["BP4"]["score"]) == (0, 4, 1)


@pytest.mark.parametrize("text", ["def f(:", "x = 1\n", "raise ValueError\n", "while True: pass\n"])
def test_what_cannot_be_graded_exits_with_2(tmp_path, text):
    path = tmp_path / "student.py"
    path.write_text(text)
    done = run(path, "--time-limit", 1, "--format", "json")
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["verdict"] == "error"


@pytest.mark.parametrize("extra", [["--points", "BP2=x"], ["--points", "BP9=1"], ["--loss", "no"], ["--time-limit", 0]])
def test_wrong_usage_exits_with_2(extra):
    done = run(RIGHT, *extra)
    assert done.returncode == 2
    assert "Error" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_template_can_be_graded_and_is_never_written_over(tmp_path):
    path = tmp_path / "mine.py"
    assert run("--template", path).returncode == 0
    assert run(path).returncode == 1
    path.write_text("# mine")
    assert run("--template", path).returncode == 2
    assert path.read_text() == "# mine"
