"""A folder with a table, and the command run in this process."""

from __future__ import annotations

import sys

import pytest
from commands import QUICK, homes

from backlit.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; returns exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["backlit", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


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
