"""A lab goes into a file and comes out of it as it was; what is wrong with a file is said, and nothing is opened."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from backlit.documents.strict_json import dump, parse
from backlit.errors import BacklitError, InvalidInputError
from backlit.lab.commands import act, take_in
from backlit.lab.state.state import LabState, with_built_in
from backlit.lab.take_away import documents
from backlit.lab.take_away.documents import MOST_LINK, lab_document, link_of, open_text
from backlit.lab.talk.protocol import Choose, Edit, GoTo, Step, UseTable
from every import every

TABLE = b"size,color,price\n" + b"".join(
    b"%d,%s,%d.5\n" % (i, b"red" if i % 2 else b"=blue", i * 3 % 7) for i in range(9)
)


@pytest.fixture(scope="module")
def stepped() -> LabState:
    state = with_built_in("xor")
    for command in [Choose((1, 4), 2), Step(3), Edit(2, 1, 0.5, 1), Step(1), GoTo(4)]:
        state, _ = act(state, command)
    return state


def same(state: LabState, other: LabState) -> bool:
    ours, theirs = state.network, other.network
    return all(map(np.array_equal, (*ours.weights, *ours.biases), (*theirs.weights, *theirs.biases)))


def test_file_and_link_restore_the_whole_lab(stepped):
    document = lab_document(stepped)
    for text in (dump(document), link_of(document), f"http://127.0.0.1:9/#token=x&state={link_of(document)}"):
        opened = open_text(text)
        assert same(opened, stepped)
        assert (opened.rows, opened.example) == ((0, 3), 1)
        assert (opened.history.position, opened.history.length) == (4, 5)
        assert same(act(opened, GoTo(5))[0], act(stepped, GoTo(5))[0])


def test_an_uploaded_table_comes_along():
    state, _ = take_in(with_built_in("xor"), "houses.csv", TABLE)
    state, _ = act(state, UseTable("price", "regression", ("size",)))
    state, _ = act(state, Step(2))
    opened = open_text(dump(lab_document(state)))
    assert same(opened, state)
    assert np.array_equal(opened.data.x, state.data.x)
    assert opened.data.ignored == ("size",)


def test_a_lab_too_large_for_a_link_is_for_a_file():
    raw = np.random.default_rng(0).bytes(MOST_LINK)
    with pytest.raises(InvalidInputError, match="as a file"):
        link_of({"file": base64.b64encode(raw).decode()})


def test_homework_and_explanations_are_opened_too(stepped):
    assert same(open_text(stepped.explanation.to_json()), stepped)


NO_SUCH_PLACE = {"layer": 9, "neuron": 1, "k": None, "value": 1.0}


def broken(change) -> str:
    document = parse(dump(lab_document(with_built_in("xor"))))
    change(document)
    return dump(document)


@every(
    ("text", "words"),
    [
        ("", "neither a document nor a link"),
        ("state=!!!", "neither a document nor a link"),
        (base64.urlsafe_b64encode(zlib.compress(b"0" * 50_000_000)).decode(), "holds too much"),
        (base64.urlsafe_b64encode(zlib.compress(b"{}" * 500)[:-9]).decode(), "end is missing"),
        ("[1]", "neither"),
        ("{}", "sizes is missing"),
        (broken(lambda d: d.update(version=9)), "newer backlit"),
        (broken(lambda d: d["network"].update(sizes=[2, 3])), "activations must be a list of 1"),
        (broken(lambda d: d["network"].update(sizes=[3, 2, 1])), "does not fit the data"),
        (broken(lambda d: d["network"].update(sizes=[2, 99999, 1])), "99,999"),
        (broken(lambda d: d.update(done=[["epoch", {}, 1]])), "missing"),
        (broken(lambda d: d.update(done=[["edit", NO_SUCH_PLACE, 1]], position=1)), "layer 9"),
        (broken(lambda d: d.update(done=[["step", {"rows": [0], "rate": 0.1}, 10**6]])), "100000"),
        (broken(lambda d: d.update(rows=[7])), "rows from 1 to 4"),
        (broken(lambda d: d.update(data={"source": "file", "name": "/etc/passwd", "file": "AAAA", "target": "a",
                                         "task": "classification", "ignored": []})), "passwd"),
        (broken(lambda d: d.update(surprise=1)), "unknown field"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_document_is_said(text, words):
    with pytest.raises(BacklitError, match=words):
        open_text(text)


def test_a_history_that_would_take_forever_is_not_done_again(monkeypatch):
    monkeypatch.setattr(documents, "MOST_WORK", 1e6)
    state = with_built_in("xor")
    document = lab_document(state)
    how = {"solver": "adam", "rate": 0.1, "batch_size": None, "l2": 0.0, "seed": 0}
    document |= {"done": [["epoch", how, 90_000]], "position": 0}
    with pytest.raises(InvalidInputError, match="too long"):
        open_text(dump(document))
