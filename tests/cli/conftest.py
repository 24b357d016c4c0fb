"""A folder with a table, and a model of it."""

from __future__ import annotations

import shutil
import sys

import pytest
from commands import QUICK, homes

from backlit.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with homes.csv, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    homes().write_csv("homes.csv")
    return tmp_path


@pytest.fixture(scope="session")
def model_of_homes(tmp_path_factory):
    """What the command trains for the column `worth`, once for all."""
    place = tmp_path_factory.mktemp("homes")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        homes().write_csv("homes.csv")
        patch.setattr(
            sys, "argv", ["backlit", "train", "homes.csv", "--target", "worth", "--out", "m.safetensors", *QUICK]
        )
        try:
            main()
        except SystemExit as leaving:
            assert not leaving.code, leaving.code
    return place / "m.safetensors"


@pytest.fixture
def model(folder, model_of_homes):
    """A model of homes.csv beside it."""
    return shutil.copy(model_of_homes, folder / "m.safetensors")
