"""`backlit grade --all`, run as teachers run it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("linux")

RIGHT = (Path(__file__).parents[1] / "grading" / "right" / "equations_columns.py").read_text()
COMMAND = [sys.executable, "-m", "backlit", "grade", "--all"]


@pytest.fixture
def folder(tmp_path):
    for name, text in {"ann": RIGHT, "bob": RIGHT.replace("return delta\n", "return -delta\n")}.items():
        (tmp_path / "course" / name).mkdir(parents=True)
        (tmp_path / "course" / name / "hw.py").write_text(text)
    (tmp_path / "course" / "notes.txt").write_text("mine")
    return tmp_path / "course"


def start(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_a_course_is_graded_into_a_table(folder, tmp_path):
    done = start(folder, "--out", tmp_path / "grades.csv", "--points", "BP3=3")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert [rows["ann"]["verdict"], rows["bob"]["verdict"]] == ["pass", "fail"]
    assert [rows["bob"]["BP3"], rows["ann"]["BP3"], rows["bob"]["mistake"]] == ["0", "3", "sign"]
    assert "Passed over, as neither .py files nor notebooks: notes.txt." in done.stderr
    assert "2 of 2 done" in done.stderr
    for words in ("2 submissions: 1 right, 1 with something wrong", "The sign is the other way round.  (bob)"):
        assert words in done.stdout


def test_wrong_usage_writes_nothing(run, folder, tmp_path):
    for extra in (["--out", tmp_path / "grades.txt"], ["--loss", "no"], ["--format", "junit"]):
        code, out, err = run("grade", "--all", folder, *extra)
        assert (code, out) == (2, ""), extra
        assert "Traceback" not in err
    assert run("grade", "--all", tmp_path / "nowhere")[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course"]


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)])
def test_what_is_done_is_written_when_it_is_interrupted(folder, tmp_path, number):
    (folder / "bob" / "hw.py").write_text("while True: pass\n")
    out = tmp_path / "grades.json"
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o1777)  # programs run as another user
        command = [*COMMAND, folder, "--out", out, "--time-limit", "300"]
        environment = os.environ | {"TMPDIR": temporary}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running = subprocess.Popen(command, text=True, env=environment, **pipes)
        try:
            said = [running.stderr.readline(), running.stderr.readline()]
            assert said[1] == "1 of 2 done: ann\n", said
            running.send_signal(number)
            _, errors = running.communicate(timeout=60)
        finally:
            running.kill()
        assert (running.returncode, errors) == (130, "Interrupted: 1 of 2 are graded, and written.\n")
        assert [row["student"] for row in json.loads(out.read_text())["submissions"]] == ["ann"]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["course", "grades.json"]
        deadline = time.monotonic() + 60
        while os.listdir(temporary) and time.monotonic() < deadline:  # noqa: PTH208
            time.sleep(0.02)
        assert not os.listdir(temporary)  # noqa: PTH208
