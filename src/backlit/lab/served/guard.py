"""Who may speak to the lab: one middleware before every route.

A page of some other site can send requests to 127.0.0.1, and with a name of its own that leads there it can even read
the answers. So the Host must be exactly ours, the Origin too where there is one, and whatever is not a file of the page
itself needs the token, which only who started the lab has seen. The token comes in a header: it is in no address, which
histories and logs keep, and in no cookie, which browsers send along unasked.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_HEADER = b"x-backlit-token"
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cache-control": "no-store",
}
_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


def new_token() -> str:
    """Return a token of 256 random bits."""
    return secrets.token_urlsafe(32)


class Guard:
    """Lets nobody through but the page that was opened by whoever started the lab.

    Parameters
    ----------
    app : callable
        What is behind it.
    host : str
        ``"127.0.0.1:8765"``: the one Host there is.
    token : str
    public : iterable of str
        Paths of the page's own files, which hold nothing of anybody: GET and HEAD need no token.
    """

    def __init__(self, app: App, host: str, token: str, public: Iterable[str]) -> None:
        self._app, self._token, self._public = app, token.encode(), frozenset(public)
        self._host, self._origin = host.encode(), f"http://{host}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it without having read its body."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})
            return
        why = self._why_not(scope)
        if why is not None:
            await _refuse(why, send)
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_RAW_HEADERS]
            await send(message)

        await self._app(scope, receive, guarded)

    def _why_not(self, scope: Scope) -> str | None:
        def given(name: bytes) -> list[bytes]:
            return [value for key, value in scope["headers"] if key.lower() == name]

        if given(b"host") != [self._host]:
            return "This is not the address of the lab. Open the one that `backlit lab` printed."
        if given(b"origin") not in ([], [self._origin]):
            return "The request comes from another site."
        if any(value not in (b"same-origin", b"none") for value in given(b"sec-fetch-site")):
            return "The request comes from another site."
        if scope["path"] in self._public and scope["method"] in ("GET", "HEAD"):
            return None
        tokens = given(TOKEN_HEADER)
        if len(tokens) != 1 or not hmac.compare_digest(tokens[0], self._token):
            return "The token is missing or wrong. Open the address that `backlit lab` printed, the part after # too."
        return None


async def _refuse(why: str, send: Send) -> None:
    body = why.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    # what has not been read would be taken for the next request
    headers += [(b"connection", b"close"), *_RAW_HEADERS]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
