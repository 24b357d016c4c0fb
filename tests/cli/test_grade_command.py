"""`backlit grade`, run as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[1] / "grading"
RIGHT, BATCH = PROGRAMS / "right" / "nielsen.py", PROGRAMS / "right" / "equations_batch_columns.py"


def start(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "backlit", "grade", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_right_program_passes():
    done = start(RIGHT, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "pass"


def test_a_wrong_program_fails_with_points(run, tmp_path):
    wrong, out = tmp_path / "wrong.py", tmp_path / "results.json"
    wrong.write_text(BATCH.read_text().replace("np.mean(delta", "np.sum(delta"))
    code, _, err = run("grade", wrong, "--format", "gradescope", "--points", "BP3=4", "--out", out)
    assert code == 1, err
    tests = {test["name"]: test for test in json.loads(out.read_text())["tests"]}
    assert (tests["BP3"]["score"], tests["BP3"]["max_score"], tests["BP4"]["score"]) == (0, 4, 1)


@pytest.mark.parametrize("text", ["def f(:", "x = 1\n", "raise ValueError\n", "while True: pass\n"])
def test_what_cannot_be_graded_exits_with_2(run, tmp_path, text):
    path = tmp_path / "student.py"
    path.write_text(text)
    code, out, err = run("grade", path, "--time-limit", 1, "--format", "json")
    assert code == 2, err
    assert json.loads(out)["verdict"] == "error"


@pytest.mark.parametrize("extra", [["--points", "BP2=x"], ["--points", "BP9=1"], ["--loss", "no"], ["--time-limit", 0]])
def test_wrong_usage_exits_with_2(run, extra):
    code, _, err = run("grade", RIGHT, *extra)
    assert code == 2
    assert "Error" in err
    assert "Traceback" not in err


def test_the_template_can_be_graded_and_is_never_written_over(run, tmp_path):
    path = tmp_path / "mine.py"
    assert run("grade", "--template", path)[0] == 0
    assert run("grade", path)[0] == 1
    path.write_text("# mine")
    assert run("grade", "--template", path)[0] == 2
    assert path.read_text() == "# mine"
