"""Every Python snippet of docs/ecosystem.md runs as it stands."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_digits

import backlit as bl
import needs

matplotlib.use("Agg")
sys.path.append(str(Path(__file__).parents[1] / "export"))
from keras_files import arrays, keras_file

PAGE = (Path(__file__).parents[2] / "docs" / "ecosystem.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_snippets(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = load_digits(return_X_y=True)
    X = X[:600] / 16.0
    y = y[:600]
    clf = bl.MLPClassifier((20,), random_state=0, learning_rate_init=0.01, n_iter_no_change=2, tol=0.1).fit(X, y)
    keras_file(tmp_path / "digits.keras", ("Dense", {"activation": "softmax"}), dense=arrays(64, 10, 0.01))
    names = {"bl": bl, "np": np, "X": X, "y": y, "clf": clf}
    snippets = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert snippets
    if "import torch\n" in section:
        needs.require("torch")
    for snippet in snippets:
        exec(compile(snippet, "docs/ecosystem.md", "exec"), names)
