"""The labs that are open, one for each page, each with the newest frame that its page has not yet had."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from backlit.errors import InvalidInputError
from backlit.lab.limits import MOST_LABS
from backlit.lab.session import LabSession
from backlit.lab.state.state import LabState
from backlit.lab.talk.findings import Frame
from backlit.lab.talk.wire import dumps, encode

HEARTBEAT = 15.0
"""Seconds between signs of life on a silent stream."""
LINGERS = 10.0
"""Seconds that a training goes on after its page was closed: a page may be loaded anew."""


class OpenLab:
    """A lab, and what is to be pushed to its page.

    Frames that a page is too slow for are left out: each has all that was before.
    """

    def __init__(self, state: LabState | None, loop: asyncio.AbstractEventLoop) -> None:
        self.session = LabSession(state, self._push)
        self.used = time.monotonic()
        self.listeners = 0
        self._loop, self._news = loop, asyncio.Event()
        self._newest: bytes | None = None
        self.closed = False

    def _push(self, envelope: dict[str, Any], frame: Frame) -> None:
        # in the thread of the training
        message = dumps(envelope | {"content": encode(frame)})
        try:
            self._loop.call_soon_threadsafe(self._take, message)
        except RuntimeError:
            return  # the server has ended

    def _take(self, message: bytes) -> None:
        self._newest = message
        self._news.set()

    async def events(self) -> AsyncIterator[bytes]:
        """Yield server-sent events until the lab is closed."""
        self.listeners += 1
        try:
            yield b": open\n\n"
            while not self.closed:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await self._news.wait()
                except TimeoutError:
                    yield b": here\n\n"
                    continue
                self._news.clear()
                message, self._newest = self._newest, None
                if message is not None:
                    yield b"data: " + message + b"\n\n"
        finally:
            self.listeners -= 1
            self._loop.call_later(LINGERS, self._pause_if_left)

    def _pause_if_left(self) -> None:
        if self.listeners == 0 and not self.closed:
            self._loop.run_in_executor(None, self.session.close)

    def end(self) -> None:
        """Let its streams end."""
        self.closed = True
        self._news.set()


class OpenLabs:
    """All labs that are open.

    Parameters
    ----------
    start : LabState, optional
        What each begins with. Default: XOR.
    """

    def __init__(self, start: LabState | None = None) -> None:
        self._start = start
        self._labs: dict[str, OpenLab] = {}

    def open(self) -> str:
        """Open a lab and return its name. Where there are too many, the one that was not used for longest goes."""
        if len(self._labs) >= MOST_LABS:
            left = [name for name, lab in self._labs.items() if lab.listeners == 0]
            if not left:
                raise InvalidInputError(f"{MOST_LABS} pages of the lab are open. Close one of them first.")
            self.close(min(left, key=lambda name: self._labs[name].used))
        name = secrets.token_hex(16)
        self._labs[name] = OpenLab(self._begin(), asyncio.get_running_loop())
        return name

    def _begin(self) -> LabState | None:
        # each has moments of its own, which it keeps and throws away as it goes
        start = self._start
        return None if start is None else replace(start, history=replace(start.history, kept={}))

    def find(self, name: str) -> OpenLab | None:
        """Return a lab, or None where there is none of this name."""
        lab = self._labs.get(name)
        if lab is not None:
            lab.used = time.monotonic()
        return lab

    def close(self, name: str) -> bool:
        """Close a lab; return whether there was one."""
        lab = self._labs.pop(name, None)
        if lab is None:
            return False
        lab.end()
        asyncio.get_running_loop().run_in_executor(None, lab.session.close)
        return True

    def end(self) -> None:
        """Let all streams end, for the server ends."""
        for lab in self._labs.values():
            lab.end()

    def stop(self) -> None:
        """Stop whatever is trained, and wait for it: a thread that Python's end finds in the engine breaks it off."""
        for lab in self._labs.values():
            lab.session.close()
