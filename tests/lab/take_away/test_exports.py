"""What is taken away holds the lab's own numbers, and text from a table is harmless in it."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import replace

import numpy as np
import pytest

import backlit as bl
from backlit import Network
from backlit.core.activations import ACTIVATIONS
from backlit.errors import BacklitError, InvalidInputError
from backlit.lab.commands import act, take_in
from backlit.lab.state.history import History
from backlit.lab.state.state import LabState, with_built_in
from backlit.lab.take_away.exports import EXPORTS
from backlit.lab.talk.protocol import SetNetwork, TakeAway, UseTable

EVIL = "=cmd|' /C calc'!A0"
TABLE = f'"{EVIL}",<script>alert(1)</script>,answer\n' + "".join(
    f"{i},{i * i},{'@no' if i % 2 else '+yes'}\n" for i in range(8)
)


def taken(state: LabState, kind: str) -> str:
    export = act(state, TakeAway(kind))[1]
    return export.content or base64.b64decode(export.base64).decode("latin-1")


@pytest.fixture(scope="module")
def evil() -> LabState:
    state, _ = take_in(with_built_in("xor"), "table.csv", TABLE.encode())
    return act(state, UseTable("answer"))[0]


def test_no_cell_of_a_spreadsheet_is_a_formula(evil):
    rows = list(csv.reader(io.StringIO(taken(evil, "csv"))))
    named = [row[-1] for row in rows if EVIL in row[-1] or "yes" in row[-1]]
    assert named
    for row in rows[1:]:
        for cell in (row[0], row[-1]):
            assert cell[:1] not in ("=", "+", "-", "@"), row
        float(row[5])


def test_names_from_a_table_are_text_in_a_page(evil):
    for kind in ("html", "worksheet"):
        assert "<script" not in taken(evil, kind)
    assert "<script" not in taken(evil, "latex")


def test_the_model_file_predicts_as_the_lab_does(evil, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(taken(evil, "model").encode("latin-1"))
    model = bl.TableModel.load(tmp_path / "model.safetensors")
    said = model.predict(evil.data.table).probabilities
    assert np.allclose(said[:, 1:], evil.network.feedforward(evil.data.x), rtol=1e-14)
    opened, view = take_in(with_built_in("xor"), "model.safetensors", taken(evil, "model").encode("latin-1"))
    assert view.view.trace.cost is None
    _, view = take_in(opened, "rows.csv", TABLE.encode())
    assert view.view.data.n_rows == 8
    assert np.isfinite(view.view.trace.cost)


def test_code_for_backlit_prints_the_labs_step(capsys):
    state, _ = act(with_built_in("iris"), SetNetwork((3,), ("relu",), "softmax", "cross_entropy", 1))
    exec(taken(state, "backlit"), {})
    told = bl.explain(
        state.network,
        state.data.x[:1],
        state.data.y[:1],
        loss="cross_entropy",
        learning_rate=state.training.learning_rate,
    )
    assert capsys.readouterr().out == f"{told}\n"


def test_code_for_scikit_learn_gives_the_labs_outputs():
    state, _ = act(with_built_in("iris"), SetNetwork((3,), ("relu",), "softmax", "cross_entropy", 1))
    names: dict[str, object] = {}
    exec(taken(state, "scikit-learn"), names)
    said = names["network"].predict(names["x"])
    assert np.allclose(said, state.explanation.examples[0].layer(3).a, rtol=1e-14)


def test_code_for_pytorch_gives_the_labs_outputs():
    torch = pytest.importorskip("torch")
    # every activation there is, a hidden layer each but for softmax at the end
    chain = [name for name in ACTIVATIONS if name != "softmax"]
    start = Network.initialize([4, *[2] * len(chain), 3], [*chain, "softmax"], seed=1)
    state = with_built_in("iris")
    state = replace(state, history=History(state.data, "cross_entropy", start))
    names: dict[str, object] = {}
    before = torch.get_default_dtype()
    try:
        exec(taken(state, "pytorch"), names)
        said = names["network"](names["x"]).detach().numpy()[0]
    finally:
        torch.set_default_dtype(before)
    assert np.allclose(said, state.explanation.examples[0].layers[-1].a, rtol=1e-12)


def test_what_a_library_lacks_is_said():
    state, _ = act(with_built_in("iris"), SetNetwork((3,), ("gelu",), "softmax", "cross_entropy", 1))
    with pytest.raises(InvalidInputError, match="one activation for all hidden layers"):
        taken(state, "scikit-learn")
    with pytest.raises(BacklitError, match="export named 'exe'"):
        taken(state, "exe")


def test_every_export_is_there():
    sheetless = [kind for kind in EXPORTS if "sheet" not in kind or kind == "worksheet"]
    assert all(taken(with_built_in("xor"), kind) for kind in sheetless)
