"""A model of backlit in MLflow: logged, loaded, and its runs kept by autolog. ``pip install mlflow-skinny skops``.

MLflow writes models of scikit-learn's kind with skops, which asks which types to trust: `backlit.TRUSTED_TYPES`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

import backlit as bl


def main(folder: Path) -> None:
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("digits", (folder / "artifacts").as_uri()))
    X, y = load_digits(return_X_y=True)
    X = X / 16.0

    with mlflow.start_run():
        clf = bl.MLPClassifier((20,), random_state=0, max_iter=5).fit(X, y)
        # without pip_requirements, MLflow starts another Python and loads the model there to see what it imports
        info = mlflow.sklearn.log_model(
            clf, name="model", skops_trusted_types=list(bl.TRUSTED_TYPES), pip_requirements=["backlit"]
        )
        again = mlflow.sklearn.load_model(info.model_uri)
        assert np.array_equal(again.predict(X), clf.predict(X))
        print("logged and loaded:", info.model_uri)

    # autolog knows scikit-learn's own estimators by name, and a pipeline is one: of one step, it logs ours
    mlflow.sklearn.autolog(log_models=False)
    Pipeline([("mlp", bl.MLPClassifier((20,), random_state=0, max_iter=5))]).fit(X, y)
    run = mlflow.last_active_run()
    assert run.data.params["mlp__random_state"] == "0", run.data.params
    print("logged by autolog:", len(run.data.params), "parameters,", sorted(run.data.metrics))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
