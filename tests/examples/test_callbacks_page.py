"""Every Python snippet of docs/callbacks.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sklearn.datasets import load_digits

import backlit as bl
from backlit.training import events

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAGE = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(encoding="utf-8")
SECTIONS = {part.splitlines()[0]: part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}


def run(section, monkeypatch, folder):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{folder}/mlruns")
    X, y = load_digits(return_X_y=True)
    names = {"bl": bl, "X": X / 16, "y": y, "EpochEnded": events.EpochEnded}
    snippets = re.findall(r"```python\n(.*?)```", SECTIONS[section], re.DOTALL)
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, "docs/callbacks.md", "exec"), names)
    return names


def test_good_enough(monkeypatch, tmp_path):
    clf = run("Stop when it is good enough", monkeypatch, tmp_path)["clf"]
    assert clf.n_iter_ < 200
    assert clf.validation_scores_[-1] >= 0.9 > max(clf.validation_scores_[:-1])


def test_csv(monkeypatch, tmp_path):
    clf = run("A CSV log", monkeypatch, tmp_path)["clf"]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + clf.n_iter_


@pytest.mark.parametrize(
    "section",
    [
        pytest.param("TensorBoard", marks=pytest.mark.needs("tensorboardX")),
        pytest.param("MLflow", marks=[pytest.mark.thorough, pytest.mark.needs("mlflow")]),
    ],
)
def test_other_peoples_logs(section, monkeypatch, tmp_path):
    run(section, monkeypatch, tmp_path)
    assert any(path.is_file() and path.stat().st_size > 500 for path in tmp_path.rglob("*"))


def test_every_event_and_field_is_described():
    for event in events.Event.__args__:
        assert f"| `{event.__name__}` |" in PAGE
        if event is not events.EpochEnded:
            assert all(f"`{field}`" in PAGE for field in event.__dataclass_fields__), event
    assert all(f"`{field}`" in PAGE for field in events.EpochRecord.__dataclass_fields__)
