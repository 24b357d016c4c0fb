"""Requests to the lab's application without a socket, whose headers and paths can be anything."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

HOST, TOKEN = "127.0.0.1:8765", "the-token"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: where the browser's tests ran before, their loop still runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def ask(app, method: str, path: str, headers: list[tuple[str, str]], body: bytes = b"", query: str = "") -> Answer:
    """Return what an application answers to one request."""
    return run(asked(app, method, path, headers, [body], query))


async def asked(app, method, path, headers, parts, query="") -> Answer:
    sent, status, seen = [], 0, {}
    waiting = [{"type": "http.request", "body": part, "more_body": i < len(parts) - 1} for i, part in enumerate(parts)]

    async def receive():
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message):
        nonlocal status, seen
        if message["type"] == "http.response.start":
            status = message["status"]
            seen = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            sent.append(message.get("body", b""))

    raw = path.encode("utf-8", "surrogateescape")
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""},
        **{"method": method, "path": path, "raw_path": raw, "query_string": query.encode()},
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765)},
    }
    await app(scope, receive, send)
    return Answer(status, seen, b"".join(sent))


def ours(**more: str) -> list[tuple[str, str]]:
    """Headers as the page sends them."""
    named = {"host": HOST, "x-backlit-token": TOKEN, "content-type": "application/json"} | more
    return list(named.items())
