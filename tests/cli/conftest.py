"""A folder with a table, and a model of it."""

from __future__ import annotations

import pytest
from commands import QUICK, homes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with homes.csv, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    homes().write_csv("homes.csv")
    return tmp_path


@pytest.fixture
def model(folder, run):
    code, _, err = run("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", *QUICK)
    assert code == 0, err
    return folder / "m.safetensors"
