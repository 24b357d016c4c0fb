"""`backlit lab`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backlit.cli.options import Quiet

if TYPE_CHECKING:
    from backlit.lab.state.state import LabState


def lab(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A trained model, a table (CSV or Parquet), an exercise.json, or a lab's own file. Default: XOR.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 for any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    quiet: Quiet = False,
) -> None:
    """Open a page on which backpropagation can be watched, stepped through and played with.

    The page is this machine's own: it is served to no other, and only to who has the address that is printed, the part
    after # included. Ctrl-C ends it.

    Example: [bold]backlit lab housing.safetensors[/bold]
    """
    from backlit.cli.output import remark
    from backlit.lab.served.server import listen, serve

    start = None if file is None else _open(file)
    address = listen(port)
    print(address.url, flush=True)

    def ready() -> None:
        remark("The lab is open. Ctrl-C ends it.", quiet=quiet)
        if browser:
            import threading
            import webbrowser

            # a browser of the terminal would stand in the way of the server
            threading.Thread(target=webbrowser.open, args=(address.url,), daemon=True).start()

    serve(address, start, ready)


def _open(file: Path) -> LabState:
    from dataclasses import replace

    from backlit.errors import BacklitError, DataError
    from backlit.lab.commands import act, first_lab, take_in
    from backlit.lab.limits import MOST_BYTES, within
    from backlit.lab.talk.protocol import UseTable

    try:
        within("bytes", file.stat().st_size, MOST_BYTES, "Take a part of it.")
        raw = file.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {str(file)!r}: {error.strerror or error}.") from None
    state, came = take_in(first_lab(), file.name, raw)
    if came.kind == "table":
        try:
            state, _ = act(state, UseTable(came.suggested_target))
        except BacklitError as error:  # another column may be one to learn, and is chosen on the page
            state = replace(state, notes=(f"{file.name} waits for a target: {error}",))
    return state
