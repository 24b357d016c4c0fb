"""The lab in a notebook: the same page, whose messages go through the notebook instead of a server.

Nothing listens to a network here. Arrays go as buffers beside the JSON, for notebooks spell NaN and ∞ in ways of their
own. Messages have numbers and errors of this module's own: what anywidget offers for calls into Python does not work
everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np

from backlit.core.network import Network
from backlit.errors import InvalidInputError, MissingExtraError
from backlit.explanation.exercise import Exercise
from backlit.explanation.trace.network_with_examples import LEARNING_RATE, HoldsNetwork, network_with_examples
from backlit.lab.data.dataset import Dataset
from backlit.lab.data.sources import from_homework, from_table
from backlit.lab.session import LabSession, Message
from backlit.lab.state.state import LabState, with_built_in, with_data, with_homework, with_network
from backlit.lab.take_away.documents import open_text
from backlit.lab.talk.findings import Frame
from backlit.lab.talk.wire import encode

try:
    from anywidget import AnyWidget
except ImportError:
    # the name is there all the same, for `from backlit import *` asks for it
    class AnyWidget:  # type: ignore[no-redef]
        """Stands for anywidget's where that is not installed."""

        def __init__(self) -> None:
            raise MissingExtraError("The lab in a notebook", "notebook")


class Lab(AnyWidget):
    """A page on which backpropagation can be watched, stepped through and played with, in a notebook.

    Parameters
    ----------
    model : Network, fitted estimator, Exercise, dict, str, dataframe or None
        What to look at: a network with examples; an exercise, or its document; the name of a built-in set, or the text
        of a lab's file or link; a table whose column `y` is to be predicted. Default: XOR.
    x, y : optional
        Examples as the model takes them.
    loss : str, optional
        Default: the model's own; for a bare network, quadratic.

    Examples
    --------
    >>> import backlit as bl
    >>> bl.Lab(bl.Network.initialize([2, 3, 1], seed=1), [[0.5, -1.0]], [[1.0]])  # doctest: +SKIP
    """

    _esm = (resources.files("backlit.lab") / "built" / "lab.js").read_text("utf-8")

    def __init__(self, model: Any = None, x: Any = None, y: Any = None, *, loss: str | None = None) -> None:
        super().__init__()
        self._session = LabSession(_state(model, x, y, loss), self._push)
        self.on_msg(self._heard)

    @property
    def network(self) -> Network:
        """The network as it is in view."""
        return self._session.state.network

    def close(self) -> None:
        """Stop whatever goes on, and take the page away."""
        self._session.close()
        super().close()

    def _heard(self, widget: object, content: Any, buffers: list[Any]) -> None:
        if not isinstance(content, dict) or content.get("ready"):
            return
        out: list[bytes] = []
        is_file = "file" in content
        reply = self._taken_in(content, buffers, out) if is_file else self._session.handle(content, out)
        self.send(reply, out)

    def _taken_in(self, content: dict[str, Any], buffers: list[Any], out: list[bytes]) -> Message:
        number, name, at = content.get("id"), content["file"], content.get("buffer", 0)
        if not isinstance(name, str) or not isinstance(at, int) or not 0 <= at < len(buffers):
            return {"id": number, "error": {"kind": "InvalidInputError", "message": "The file did not come along."}}
        return {"id": number} | self._session.upload(name, bytes(buffers[at]), out)

    def _push(self, envelope: Message, frame: Frame) -> None:
        buffers: list[bytes] = []
        self.send(envelope | {"content": encode(frame, buffers)}, buffers)


def _state(model: Any, x: Any, y: Any, loss: str | None) -> LabState:
    if model is None:
        return with_built_in("xor")
    if isinstance(model, str):
        return open_text(model) if len(model) > 40 else with_built_in(model)
    if isinstance(model, dict):
        return with_homework(Exercise.from_dict(model))
    if isinstance(model, Exercise):
        return with_homework(model)
    if isinstance(model, Network | HoldsNetwork):
        return _with_model(model, x, y, loss)
    if isinstance(y, str):
        return with_data(from_table(model, y, name="table", title="A table"))
    raise InvalidInputError(
        "A network, an estimator, an exercise, the name of a built-in set or a table with y='column' was expected, "
        f"but a {type(model).__name__} came."
    )


def _with_model(model: Network | HoldsNetwork, x: Any, y: Any, loss: str | None) -> LabState:
    given = network_with_examples(model, x, y, loss, needs_y=False)
    network, facts = given.network.in_float64(), given.facts
    rows = np.atleast_2d(np.asarray(given.x, dtype=np.float64))
    targets = None if given.y is None else np.asarray(given.y, dtype=np.float64).reshape(len(rows), -1)
    rate = facts.learning_rate or LEARNING_RATE
    data: Dataset = from_homework(Exercise(network, rows, targets, given.loss, rate))
    names = data.outputs if facts.output_names is None else tuple(map(str, facts.output_names))
    data = replace(data, name="model", title="A model of mine", outputs=names)
    return replace(with_network(data, network, given.loss, rate), rows=(0,))
