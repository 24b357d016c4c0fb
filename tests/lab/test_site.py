"""The static site: what is recorded is what Python answers, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace

from backlit.lab import site
from backlit.lab.commands import act
from backlit.lab.site import LESSONS, question, record, write_site
from backlit.lab.talk.protocol import AskDemon, Choose, Explain, GoTo, Look, Pictures, Step
from backlit.lab.talk.replies import Reference
from backlit.lab.talk.wire import encode


def test_a_recording_answers_as_python_does():
    lesson = replace(LESSONS["xor"], rows=(1,), steps=1)
    replies = record(lesson)["replies"]
    state, _ = act(lesson.begin(), Choose((2,), 1))
    state, _ = act(state, Step(1))
    for command in (
        Look(),
        Explain(Reference("w", 3, 1, 2)),
        Explain(Reference("delta", 2, 1, None, 1)),
        AskDemon(3, 1, 4.0),
    ):
        told = encode(act(state, command)[1])
        assert replies[f"@1.1 {question(command)}"] == told
    begun, _ = act(state, GoTo(0))
    assert replies["Open {}"]["view"] == encode(act(begun, Look())[1])
    assert {key.partition(" ")[0] for key in replies} == {"Open", "@0.1", "@1.1"}


def test_questions_are_written_as_the_page_writes_them():
    place = Reference("delta", 2, 1, None, 2)
    assert question(Explain(place)) == 'Explain {"place":{"example":2,"layer":2,"neuron":1,"quantity":"delta"}}'
    assert question(AskDemon(2, 1, 4.0)) == 'AskDemon {"batch":false,"dz":4,"layer":2,"neuron":1}'
    assert question(Pictures(curves=True)).startswith('Pictures {"boundary":false,"confusion":false,"curves":true')


def test_the_site_is_whole_and_loads_nothing_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "LESSONS", {"by-hand": replace(LESSONS["by-hand"], steps=0)})
    names = {path.relative_to(tmp_path).as_posix() for path in write_site(tmp_path)}
    assert names >= {"index.html", "by-hand.html", "by-hand.json", "built/lab.js", "built/page.js"}
    for path in tmp_path.glob("*.html"):
        text = path.read_text()
        assert not re.search(r'(src|href)="(https?:)?//', text)
        assert "default-src 'none'" in text
    assert len((tmp_path / "by-hand.json").read_bytes()) < 2 * 2**20
