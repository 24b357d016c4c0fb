"""One lab and the page that looks at it: commands one after the other, frames while it plays, errors in words.

The server has a session for each page, the notebook's widget one for each view.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backlit.errors import BacklitError, InvalidInputError
from backlit.lab.commands import act, draw, first_lab, take_in
from backlit.lab.playing import MOST_SPEED, Player
from backlit.lab.state.state import LabState
from backlit.lab.step.viewing import view_of
from backlit.lab.talk import protocol as page
from backlit.lab.talk.findings import Frame
from backlit.lab.talk.wire import decode_command, encode, error_of

Message = dict[str, Any]


class LabSession:
    """A lab that is looked at.

    Parameters
    ----------
    state : LabState, optional
        Default: XOR.
    push : callable
        Takes what is pushed, in JSON's types but for arrays, in the thread of a training.
    threads : bool, default=True
        Without them a training goes on by `turn`.
    """

    def __init__(
        self,
        state: LabState | None = None,
        push: Callable[[Message, Frame], object] | None = None,
        *,
        threads: bool = True,
    ) -> None:
        self._state = first_lab() if state is None else state
        self.push, self._threads = push, threads
        self._lock = threading.Lock()
        self._player: Player | None = None

    @property
    def state(self) -> LabState:
        """The lab as it is."""
        with self._lock:
            self._settle()
            return self._state

    def handle(self, message: bytes | str | Message, buffers: list[bytes] | None = None) -> Message:
        """Answer a message of the page: its command's reply, or an error in words; it raises nothing.

        Parameters
        ----------
        message : bytes, str or dict
        buffers : list of bytes, optional
            Where arrays are put; see `backlit.lab.talk.wire.encode`.
        """
        number: int | None = None
        try:
            number, command = decode_command(message)
            with self._lock:
                return {"id": number, "reply": encode(self._do(command), buffers)}
        except Exception as error:
            return {"id": number, "error": _told(error)}

    def upload(self, name: str, raw: bytes, buffers: list[bytes] | None = None) -> Message:
        """Take in a file, whole or not at all."""
        try:
            with self._lock:
                self._pause()
                self._state, reply = take_in(self._state, name, raw)
                return {"reply": encode(reply, buffers)}
        except Exception as error:
            return {"error": _told(error)}

    def turn(self, seconds: float) -> bool:
        """Let a training go on for a while, where there are no threads; return whether there is more to do."""
        with self._lock:
            return self._player is not None and self._player.turn(seconds)

    def close(self) -> None:
        """Stop whatever goes on."""
        with self._lock:
            self._pause()

    def _do(self, command: Any) -> Any:
        match command:
            case page.Play():
                return self._play(command)
            case page.Pause():
                self._pause()
                return view_of(self._state)
            case page.SetPictures():
                self._settle()
                self._state = replace(self._state, pictures=command)
                if self._player is not None:
                    self._player.asked = command
                return draw(self._state, command)
            case page.Look():
                self._settle()
                return view_of(self._state, playing=self._player is not None)
        self._pause()  # what else there is to do, is done with a network that stays as it is
        self._state, reply = act(self._state, command)
        return reply

    def _play(self, command: page.Play) -> Any:
        if not 0 <= command.speed <= MOST_SPEED:
            raise InvalidInputError(f"The speed is 0 to {MOST_SPEED:g} epochs a second, but {command.speed:g} came.")
        if command.epochs is not None and command.epochs < 1:
            raise InvalidInputError(f"Play at least 1 epoch, not {command.epochs}.")
        self._pause()
        if self._state.data.y is None:
            raise InvalidInputError("These data have no target y to train on. Upload rows with it.")
        self._state = replace(self._state, work=None, notes=())
        self._player = Player(self._state, command.speed, command.epochs, self._tell)
        if self._threads:
            self._player.start()
        return view_of(self._state, playing=True)

    def _tell(self, frame: Frame) -> None:
        if self.push is not None:
            self.push({"event": "Frame"}, frame)

    def _pause(self) -> None:
        if self._player is not None:
            player, self._player = self._player, None
            pictures = self._state.pictures
            self._state = replace(player.stop(), pictures=pictures)

    def _settle(self) -> None:
        # training may have come to its end by itself
        if self._player is not None and not self._player.is_playing:
            self._pause()


def _told(error: Exception) -> dict[str, str]:
    if isinstance(error, BacklitError):
        return error_of(error)
    if isinstance(error, ImportError):
        name = (error.name or "a package").partition(".")[0]
        return {"kind": "MissingPackage", "message": f"This takes {name}, which is not there: {error}"}
    # a page must not stand still on what nobody thought of; the words help whoever reports it
    return {"kind": type(error).__name__, "message": f"The lab failed: {type(error).__name__}: {error}"}
