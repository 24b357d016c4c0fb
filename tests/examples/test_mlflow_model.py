"""examples/mlflow_model.py logs a model, loads it, and finds what autolog kept of a pipeline of one step."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "mlflow_model.py"


@pytest.mark.thorough
@pytest.mark.needs("mlflow")
def test_a_model_is_logged_loaded_and_kept_by_autolog(tmp_path):
    # In a process of its own, for autolog changes scikit-learn. Files, for a new database takes two seconds to make.
    store = {"MLFLOW_TRACKING_URI": (tmp_path / "runs").as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}
    alone = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    command = [sys.executable, EXAMPLE, tmp_path]
    done = subprocess.run(
        command, env=os.environ | store | alone, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "logged and loaded: models:/" in done.stdout
    assert "logged by autolog: " in done.stdout
    assert "training_accuracy_score" in done.stdout
    assert list(tmp_path.rglob("model.skops"))
