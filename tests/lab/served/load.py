"""Many clients of one lab's server, all in one process with one selector, so that they hardly take time themselves."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import selectors
import socket
import time
from collections.abc import Callable

CLICKS = [
    ("Step", {}),
    ("Look", {}),
    ("Explain", {"place": {"quantity": "delta", "layer": 2, "neuron": 1}}),
    ("AskDemon", {"layer": 2, "neuron": 1, "dz": 1}),
    ("GoTo", {"position": 0}),
]


class Load:
    """Clients, and what came of them.

    Attributes
    ----------
    took : list of float
        Seconds from each click of a page to the last byte of its answer.
    wrong : list of bytes
        Beginnings of answers that were no replies.
    frames : int
        Frames that were pushed to listening pages.
    """

    def __init__(self, host: str, token: str) -> None:
        name, _, port = host.partition(":")
        self.host, self.address, self.token = host, (name, int(port)), token
        self.random = random.Random(0)
        self.took: list[float] = []
        self.wrong: list[bytes] = []
        self.frames = 0
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def run(self, seconds: float) -> None:
        """Let the clients do what they do."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            until = min(end, self._due[0][0] if self._due else end)
            for key, _ in self._selector.select(max(0.0, until - time.monotonic())):
                key.data()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._count), call))

    def connect(self, heard: Callable[[], None] | None = None) -> socket.socket:
        made = socket.create_connection(self.address, timeout=30)
        if heard is not None:
            self._selector.register(made, selectors.EVENT_READ, heard)
        return made

    def close(self, made: socket.socket) -> None:
        if made.fileno() >= 0:
            if made in self._selector.get_map():
                self._selector.unregister(made)
            made.close()

    def request(self, method: str, path: str, body: bytes = b"", length: int | None = None) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.host}",
            f"X-Backlit-Token: {self.token}",
            f"Content-Type: application/{'json' if length is None else 'octet-stream'}",
            f"Content-Length: {len(body) if length is None else length}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def open_lab(self) -> str:
        return self._at_once("/api/labs", b"")["lab"]

    def ask(self, lab: str, command: str, **arguments: object) -> dict:
        """Ask, and wait for the answer."""
        return self._at_once(f"/api/labs/{lab}/commands", message(command, arguments))["reply"]

    def _at_once(self, path: str, body: bytes) -> dict:
        with self.connect() as made:
            made.sendall(self.request("POST", path, body))
            got = b""
            while not is_whole(got):
                got += made.recv(1 << 16)
        return json.loads(got.partition(b"\r\n\r\n")[2])

    def listen(self, lab: str) -> None:
        """Take what is pushed to a lab's page."""

        def heard() -> None:
            self.frames += made.recv(1 << 20).count(b'"event": "Frame"')

        made = self.connect(heard)
        made.sendall(self.request("GET", f"/api/labs/{lab}/events"))


class Page:
    """A page that is open, listens, and is clicked at now and then: every so many seconds on average."""

    def __init__(self, load: Load, every: float) -> None:
        self.load, self.every, self.lab = load, every, load.open_lab()
        load.listen(self.lab)
        self.line = load.connect(self.heard)
        load.later(load.random.uniform(0, every), self.click)

    def click(self) -> None:
        command, arguments = self.load.random.choice(CLICKS)
        self.got, self.since = b"", time.monotonic()
        self.line.sendall(self.load.request("POST", f"/api/labs/{self.lab}/commands", message(command, arguments)))

    def heard(self) -> None:
        part = self.line.recv(1 << 18)
        self.got += part
        if part and not is_whole(self.got):
            return
        self.load.took.append(time.monotonic() - self.since)
        if b'"reply"' not in self.got:
            self.load.wrong.append(self.got[:300])
        if part:
            self.load.later(self.load.random.uniform(0.5, 1.5) * self.every, self.click)
        else:
            self.load.close(self.line)


class Broken:
    """A client that does one wrong or slow thing, hangs up after 5 seconds, and does it again."""

    def __init__(self, load: Load, kind: int) -> None:
        self.load, self.kind = load, kind % 7
        load.later(load.random.uniform(0, 5), self.begin)

    def begin(self) -> None:
        load, upload = self.load, f"/api/labs/{'0' * 32}/files"
        does = {
            0: b"",  # nothing
            1: b"GET / HTTP/1.1\r\nHo",  # half a request
            2: load.request("POST", upload, length=20_000_000),  # an upload, drop by drop
            3: load.random.randbytes(2000),
            4: b"GET /" + b"a" * 200_000,
            5: b"POST /api/labs HTTP/1.1\r\nHost: evil\r\nContent-Length: 10000000\r\n\r\n" + b"y" * 100_000,
            6: load.request("GET", "/built/lab.js") * 20,  # much asked for, and nothing taken
        }
        self.made = load.connect(None if self.kind == 6 else self.heard)
        self.made.setblocking(False)
        self.put(does[self.kind])
        if self.kind == 2:
            load.later(0.25, self.drip)
        load.later(5, self.end)

    def put(self, text: bytes) -> None:
        try:
            self.made.send(text)
        except OSError:
            self.load.close(self.made)  # it was hung up on

    def drip(self) -> None:
        if self.made.fileno() >= 0:
            self.put(b"x" * 1000)
            self.load.later(0.25, self.drip)

    def heard(self) -> None:
        try:
            part = self.made.recv(1 << 16)
        except OSError:
            part = b""
        if not part:
            self.load.close(self.made)

    def end(self) -> None:
        self.load.close(self.made)
        self.load.later(self.load.random.uniform(0, 0.2), self.begin)


def message(command: str, arguments: dict) -> bytes:
    return json.dumps({"id": 1, "command": command, "arguments": arguments}).encode()


def is_whole(answer: bytes) -> bool:
    """Whether all of an HTTP answer has come."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    return len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
