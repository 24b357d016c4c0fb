"""The lab on Python in the browser: messages as text, and a training in turns, for a page has no threads.

The page's loader (``frontend/src/transport/python.ts``) starts Pyodide, unpacks `sources`, and talks with a
`BrowserLab`. A step, its formulas, the demon and a training take NumPy alone; tables and the sets made of them take
Polars and scikit-learn, which Pyodide's full distribution has.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from backlit.explanation.exercise import Exercise
from backlit.lab.session import LabSession
from backlit.lab.state.state import LabState, with_built_in, with_homework
from backlit.lab.talk.wire import dumps, encode

BY_HAND: dict[str, Any] = {
    "sizes": [2, 2, 1],
    "weights": [[[0.1, -0.2], [0.4, 0.3]], [[0.5, -0.6]]],
    "biases": [[0.1, -0.1], [0.2]],
    "x": [1.0, 0.5],
    "y": [1.0],
    "learning_rate": 0.5,
}
"""A network small enough to be worked through on paper."""
TURN = 0.04
"""Seconds of training between two looks at the page."""


class BrowserLab:
    """A lab that a page in the same browser talks with.

    Parameters
    ----------
    push : callable
        Takes what is pushed, as the text of JSON.
    """

    def __init__(self, push: Callable[[str], object]) -> None:
        self._push = push
        self._session = LabSession(_begin(), self._tell, threads=False)

    def handle(self, message: str) -> str:
        """Answer a message of the page."""
        return dumps(self._session.handle(message)).decode()

    def upload(self, name: str, raw: Any) -> str:
        """Take in a file: bytes, or an array of JavaScript's."""
        return dumps(self._session.upload(name, bytes(raw))).decode()

    def turn(self) -> bool:
        """Train for a moment; return whether there is more to do."""
        return self._session.turn(TURN)

    def _tell(self, envelope: dict[str, Any], frame: Any) -> None:
        self._push(dumps(envelope | {"content": encode(frame)}).decode())


def _begin() -> LabState:
    try:
        return with_built_in("xor")
    except ImportError:
        return with_homework(Exercise.from_dict(BY_HAND))


def sources() -> bytes:
    """Return what Python in a browser imports, as a ZIP archive: backlit without its engine, and array-api-compat."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in ("backlit", "array_api_compat"):
            _add(archive, resources.files(package), package)
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, folder: Traversable, name: str) -> None:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            if each.name not in ("__pycache__", "built"):
                _add(archive, each, f"{name}/{each.name}")
        elif each.name.endswith((".py", ".json", ".txt", ".typed")):
            # a time of its own, so that the same sources give the same bytes
            archive.writestr(zipfile.ZipInfo(f"{name}/{each.name}"), each.read_bytes(), zipfile.ZIP_DEFLATED)
