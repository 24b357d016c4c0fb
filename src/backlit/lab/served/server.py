"""The server of the lab: a page, and what it says to Python. It listens to this machine alone."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backlit.errors import InvalidInputError, MissingExtraError, OutputError
from backlit.lab.limits import MOST_BYTES, MOST_TEXT
from backlit.lab.served.guard import App, Guard, new_token
from backlit.lab.served.open_labs import OpenLab, OpenLabs
from backlit.lab.served.page import page_files
from backlit.lab.served.uploads import Bodies
from backlit.lab.state.state import LabState
from backlit.lab.talk.wire import dumps, error_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
SILENT_FOR = 10.0
"""Seconds in which a connection must have sent its request's head."""
SWITCH_AFTER = 1e-4
"""Seconds that a thread may hold Python's lock while another one waits for it."""
Work = Callable[[OpenLab, bytes], dict[str, Any]]


@dataclass(frozen=True)
class Address:
    """Where a lab is: its socket, and the address with the token that opens it."""

    socket: socket.socket
    token: str

    @property
    def host(self) -> str:
        """``127.0.0.1:8765``."""
        return f"{HOST}:{self.socket.getsockname()[1]}"

    @property
    def url(self) -> str:
        """What to open in a browser."""
        return f"http://{self.host}/#token={self.token}"


def listen(port: int = 0) -> Address:
    """Bind this machine's own address, and nothing that others can reach.

    Parameters
    ----------
    port : int
        0 for any that is free.

    Raises
    ------
    OutputError
        If the port is taken.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise OutputError(
            f"Port {port} cannot be used: {error.strerror}. Choose another, or leave out --port for any that is free."
        ) from None
    return Address(bound, new_token())


def make_app(host: str, token: str, start: LabState | None = None) -> App:
    """Return the application, guarded.

    Parameters
    ----------
    host : str
        ``"127.0.0.1:8765"``.
    token : str
    start : LabState, optional
        What each page begins with. Default: XOR.
    """
    try:
        from starlette.applications import Starlette
        from starlette.concurrency import run_in_threadpool
        from starlette.requests import ClientDisconnect
        from starlette.responses import Response, StreamingResponse
        from starlette.routing import Route
    except ImportError:
        raise MissingExtraError("The lab", "lab") from None

    labs, bodies, files = OpenLabs(start), Bodies(), page_files()

    def as_json(message: dict[str, Any], status: int = 200) -> Response:
        return Response(dumps(message), status, media_type="application/json")

    def refused(error: Exception, status: int) -> Response:
        return as_json({"id": None, "error": error_of(error)}, status)

    async def file(request: Request) -> Response:
        content, media_type = files[request.url.path]
        return Response(content, media_type=media_type)

    async def open_lab(request: Request) -> Response:
        try:
            return as_json({"lab": labs.open()})
        except InvalidInputError as error:
            return refused(error, 503)

    def lab_of(request: Request) -> OpenLab | None:
        return labs.find(request.path_params["lab"])

    gone = InvalidInputError("This lab was closed, or the server was started anew. Load the page anew.")

    async def answer(
        request: Request, most: int, kind: str, work: Callable[[OpenLab, bytes], dict[str, Any]]
    ) -> Response:
        lab = lab_of(request)
        if lab is None:
            return refused(gone, 404)
        if request.headers.get("content-type", "").partition(";")[0].strip() != kind:
            return refused(InvalidInputError(f"The body must be {kind}."), 415)
        try:
            async with bodies.read(request.stream(), request.headers.get("content-length"), most) as body:
                return as_json(await run_in_threadpool(work, lab, body))
        except InvalidInputError as error:
            return refused(error, 413)
        except ClientDisconnect:
            return Response(status_code=400)

    async def command(request: Request) -> Response:
        return await answer(request, MOST_TEXT, "application/json", lambda lab, body: lab.session.handle(body))

    async def upload(request: Request) -> Response:
        name = request.query_params.get("name", "file")[:200]
        kind = "application/octet-stream"
        return await answer(request, MOST_BYTES, kind, lambda lab, body: lab.session.upload(name, body))

    async def events(request: Request) -> Response:
        lab = lab_of(request)
        if lab is None:
            return refused(gone, 404)
        return StreamingResponse(lab.events(), media_type="text/event-stream")

    async def close(request: Request) -> Response:
        return as_json({"closed": labs.close(request.path_params["lab"])})

    routes = [
        *(Route(path, file, methods=["GET"]) for path in files),
        Route("/api/labs", open_lab, methods=["POST"]),
        Route("/api/labs/{lab}/commands", command, methods=["POST"]),
        Route("/api/labs/{lab}/files", upload, methods=["POST"]),
        Route("/api/labs/{lab}/events", events, methods=["GET"]),
        Route("/api/labs/{lab}", close, methods=["DELETE"]),
    ]
    app = Starlette(routes=routes)
    app.state.labs = labs
    guard = Guard(app, host, token, files)
    guard.labs = labs  # type: ignore[attr-defined]
    return guard


def close_silent(connections: Iterable[Any], since: dict[Any, float]) -> None:
    """Close connections that have opened and not asked for anything in a while: they would take the place of others.

    Parameters
    ----------
    connections : iterable
        uvicorn's; without a `cycle` where no request has come on them yet.
    since : dict
        When each silent one was first seen; brought up to date.
    """
    now = time.monotonic()
    still = {each for each in connections if getattr(each, "cycle", None) is None}
    for each in [each for each in since if each not in still]:
        del since[each]
    for each in still:
        if now - since.setdefault(each, now) > SILENT_FOR and each.transport is not None:
            each.transport.abort()


def serve(address: Address, start: LabState | None = None, ready: Callable[[], object] = lambda: None) -> None:
    """Serve until Ctrl-C.

    Parameters
    ----------
    address : Address
    start : LabState, optional
    ready : callable
        Called once requests are answered.
    """
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError("The lab", "lab") from None

    app = make_app(address.host, address.token, start)

    silent: dict[Any, float] = {}

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        async def on_tick(self, counter: int) -> bool:
            # ten times a second
            if counter % 20 == 0:
                close_silent(self.server_state.connections, silent)
            return await super().on_tick(counter)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.labs.end()  # type: ignore[attr-defined]  # or their streams would be waited for
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,
        limit_concurrency=400,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
    )
    usual = sys.getswitchinterval()
    try:
        # A training gives Python's lock away while the engine computes. By Python's usual 5 ms it would wait as long
        # for each answer that is just being written, and lose a fifth of its time to a class of fifty.
        sys.setswitchinterval(SWITCH_AFTER)
        with contextlib.suppress(KeyboardInterrupt):
            Server(config).run(sockets=[address.socket])
    finally:
        sys.setswitchinterval(usual)
        app.labs.stop()  # type: ignore[attr-defined]
