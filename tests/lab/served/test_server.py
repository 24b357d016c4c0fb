"""The server: labs that know nothing of each other, uploads that are counted, streams, limits."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgi import HOST, TOKEN, ask, asked, ours, run

from backlit.errors import MissingExtraError, OutputError
from backlit.lab.limits import MOST_BYTES, MOST_LABS
from backlit.lab.served import open_labs, server, uploads
from backlit.lab.served.open_labs import OpenLabs
from backlit.lab.served.server import listen, make_app
from backlit.lab.served.uploads import Bodies
from every import every

INFINITE = b'{"id": 1, "command": "Edit", "arguments": {"layer": 2, "neuron": 1, "value": 1e999}}'
RAW = {"content-type": "application/octet-stream"}


class Page:
    """A page of the lab, without a browser."""

    def __init__(self, app):
        self.app = app

    async def open(self):
        answer = await asked(self.app, "POST", "/api/labs", ours(), [b""])
        self.lab = json.loads(answer.body)["lab"]
        return self

    async def ask(self, command: str, **arguments):
        message = json.dumps({"id": 1, "command": command, "arguments": arguments}).encode()
        answer = await asked(self.app, "POST", f"/api/labs/{self.lab}/commands", ours(), [message])
        told = json.loads(answer.body)
        return told.get("reply") or told["error"]

    async def upload(self, name: str, parts: list[bytes], **headers: str):
        path = f"/api/labs/{self.lab}/files"
        return await asked(self.app, "POST", path, ours(**RAW, **headers), parts, f"name={name}")


@pytest.fixture
def app():
    return make_app(HOST, TOKEN)


def test_two_pages_share_nothing(app):
    async def try_it():
        first, second = await Page(app).open(), await Page(app).open()
        await first.ask("Edit", layer=2, neuron=1, value=5.0, k=1)
        await first.upload("a.csv", [b"a,b\n1,2\n3,4\n"])
        assert (await first.ask("Look"))["time"]["length"] == 1
        assert (await second.ask("Look"))["time"]["length"] == 0
        assert "no table" in (await second.ask("UseTable", target="b"))["message"]
        assert (await first.ask("UseTable", target="b", task="regression"))["data"]["n_rows"] == 2
        assert first.lab != second.lab

    run(try_it())


def test_pages_that_begin_with_a_file_share_no_moments():
    async def try_it():
        labs = OpenLabs(start)
        first, second = (labs.find(labs.open()).session.state for _ in range(2))
        assert first.history.kept is not second.history.kept
        assert first.history.start is second.history.start

    from backlit.lab.commands import first_lab

    start = first_lab()
    run(try_it())


def test_a_closed_or_unknown_lab_says_what_to_do(app):
    async def try_it():
        page = await Page(app).open()
        assert (await asked(app, "DELETE", f"/api/labs/{page.lab}", ours(), [b""])).status == 200
        assert "Load the page anew" in (await page.ask("Look"))["message"]
        assert (await asked(app, "GET", f"/api/labs/{page.lab}/events", ours(), [b""])).status == 404

    run(try_it())


@every(
    ("content_type", "body", "status", "words"),
    [
        ("text/plain", b"{}", 415, "application/json"),
        ("application/x-www-form-urlencoded", b"a=b", 415, "application/json"),
        ("application/json", b"{", 200, "not valid JSON"),
        ("application/json", b'{"id": 1, "command": "Nothing"}', 200, "one of"),
        ("application/json", b'{"id": 1, "command": "Step", "arguments": {"count": "1"}}', 200, "arguments.count"),
        ("application/json", b'{"id": 1, "command": "Step", "arguments": {"count": 1, "x": 1}}', 200, "unknown field"),
        ("application/json", b'{"id": 1, "id": 2, "command": "Step"}', 200, "twice"),
        ("application/json", b"[" * 100_000, 200, "nested"),
        ("application/json", INFINITE, 200, "finite"),
    ],
)  # fmt: skip
def test_bad_messages_are_answered_in_words(app, content_type, body, status, words):
    async def try_it():
        page = await Page(app).open()
        path = f"/api/labs/{page.lab}/commands"
        answer = await asked(app, "POST", path, ours(**{"content-type": content_type}), [body])
        assert answer.status == status
        assert words in json.loads(answer.body)["error"]["message"]
        assert (await page.ask("Look"))["time"]["length"] == 0

    run(try_it())


def test_an_upload_is_counted_while_it_comes(app):
    async def try_it():
        page = await Page(app).open()
        told = await page.upload("big.csv", [b""], **{"content-length": str(MOST_BYTES + 1)})
        assert told.status == 413
        million = b"1" * 2**20
        assert (await page.upload("big.csv", [million] * 21)).status == 413
        assert "no table" in (await page.ask("UseTable", target="a"))["message"]

    run(try_it())


def test_what_is_wrong_with_an_upload_is_said_and_nothing_of_it_stays(app):
    async def try_it():
        page = await Page(app).open()
        for name, raw in [
            ("a.csv", b""), ("a.csv", b"\xff\xfe\x00"), ("a.parquet", b"PAR1"), ("a.pkl", b"cos\nsystem\n"),
            ("../../a.csv", b'"'), ("m.safetensors", b"\x00" * 40), ("e.json", b"\xff"), ("x.csv.gz", b"\x1f\x8b"),
            ("a.npz", b"PK"),
        ]:  # fmt: skip
            message = json.loads((await page.upload(name, [raw])).body)["error"]["message"]
            assert "/tmp" not in message, message
            assert "lab failed" not in message, message
        assert (await page.ask("Look"))["data"]["name"] == "xor"

    run(try_it())


def test_a_parquet_file_of_too_many_rows_is_not_read(app, tmp_path, monkeypatch):
    import polars as pl

    from backlit.data.formats import table_file

    pl.DataFrame({"a": pl.repeat(1, 200_001, eager=True)}).write_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(table_file, "read_table_file", None)

    async def try_it():
        page = await Page(app).open()
        answer = await page.upload("a.parquet", [(tmp_path / "a.parquet").read_bytes()])
        assert "100,000 rows, but 200,001" in json.loads(answer.body)["error"]["message"]

    run(try_it())


def test_slow_bodies_end_and_give_back_their_room(monkeypatch):
    monkeypatch.setattr(uploads, "SECONDS", 0.01)

    async def never():
        yield b"x" * 10
        await asyncio.sleep(60)

    async def try_it():
        bodies = Bodies()
        with pytest.raises(ValueError, match="not complete"):
            async with bodies.read(never(), None, 100):
                pass
        assert bodies.held == 0

    run(try_it())


def test_all_bodies_together_have_a_limit(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_IN_FLIGHT", 15)

    async def ten():
        yield b"x" * 10

    async def try_it():
        bodies = Bodies()
        async with bodies.read(ten(), None, 100):
            with pytest.raises(ValueError, match="too much at once"):
                async with bodies.read(ten(), None, 100):
                    pass
        assert bodies.held == 0

    run(try_it())


def test_the_lab_that_was_not_used_for_longest_makes_room():
    async def try_it():
        labs = OpenLabs()
        names = [labs.open() for _ in range(MOST_LABS)]
        labs.find(names[0])
        labs.open()
        assert labs.find(names[0]) is not None
        assert labs.find(names[1]) is None

    run(try_it())


def test_frames_come_as_events_and_the_last_says_why_it_ended(app, monkeypatch):
    monkeypatch.setattr(open_labs, "LINGERS", 0.0)

    async def try_it():
        page = await Page(app).open()
        lab = app.labs.find(page.lab)
        stream = lab.events()
        assert await anext(stream) == b": open\n\n"
        await page.ask("Play", epochs=30)
        frames = []
        while not frames or not frames[-1]["ended"]:
            event = json.loads((await anext(stream)).removeprefix(b"data: "))
            assert event["event"] == "Frame"
            frames.append(event["content"])
        assert frames[-1]["epoch"] == frames[-1]["position"] == 30
        assert len(frames[-1]["pictures"]["curves"]["epochs"]["base64"]) >= 30 * 8
        assert (await page.ask("Look"))["time"]["position"] == 30
        lab.end()
        await stream.aclose()

    run(try_it())


def test_a_training_ends_when_its_page_is_gone(app, monkeypatch):
    monkeypatch.setattr(open_labs, "LINGERS", 0.0)

    async def try_it():
        page = await Page(app).open()
        lab = app.labs.find(page.lab)
        stream = lab.events()
        await anext(stream)
        await page.ask("Play", speed=50.0)
        await stream.aclose()
        for _ in range(200):
            if not (await page.ask("Look"))["time"]["playing"]:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it goes on")

    run(try_it())


def test_connections_that_say_nothing_are_closed(monkeypatch):
    class Connection:
        def __init__(self, cycle):
            self.cycle, self.transport, self.aborted = cycle, self, False

        def abort(self):
            self.aborted = True

    silent, busy, since = Connection(None), Connection(object()), {}
    server.close_silent([silent, busy], since)
    assert not silent.aborted
    monkeypatch.setattr(server, "SILENT_FOR", -1.0)
    server.close_silent([silent, busy], since)
    assert (silent.aborted, busy.aborted) == (True, False)
    server.close_silent([busy], since)
    assert since == {}


def test_it_listens_to_this_machine_alone():
    address = listen()
    assert address.socket.getsockname()[0] == "127.0.0.1"
    assert address.url == f"http://{address.host}/#token={address.token}"
    with pytest.raises(OutputError, match="cannot be used"):
        listen(address.socket.getsockname()[1])
    address.socket.close()


def test_a_missing_extra_names_the_line_to_install_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'backlit\[lab\]'"):
        make_app(HOST, TOKEN)


def test_the_page_is_there(app):
    answer = ask(app, "GET", "/", ours())
    assert answer.status == 200
    assert b'src="/built/page.js"' in answer.body
    assert b"<script>" not in answer.body
    assert ask(app, "GET", "/built/lab.js", ours()).headers["content-type"].startswith("text/javascript")
