"""What ranks tell each other: sums of numbers, and what the first of them knows.

All ranks must ask the same things in the same order. What only one of them does, such as to write a file, is done with
`first_does`: the others are told that it is at work, so that none waits in vain for longer than the time limit of one
message, and an error of the first is everybody's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np

from backlit import errors
from backlit.documents import strict_json
from backlit.engine.protocol import Floats
from backlit.errors import BacklitError, DivergenceError, InvalidInputError

T = TypeVar("T")
_HEARTBEAT = 2.0
"""Seconds between two signs of life of a first rank that is at work."""
_AT_WORK, _DONE, _FAILED = range(3)


class LostRankError(BacklitError):
    """Another rank was not heard of: it ended, or its machine or network did. Another attempt may go on."""


class Group(Protocol):
    """All ranks of a training.

    Attributes
    ----------
    rank : int
        This one, counted from 0.
    size : int
    """

    rank: int
    size: int

    def add_up(self, numbers: Floats) -> None:
        """Put in place of an array, ``(n,)``, its sum over all ranks: the same bits on each of them."""
        ...

    def begin_to_add_up(self, numbers: Floats) -> Callable[[], None]:
        """Do the same beside what comes next, and return what waits for it; until then nobody looks at the array."""
        ...

    def from_first(self, message: bytes | None) -> bytes:
        """Return the message of the first rank; those of others are not looked at."""
        ...


class Alone:
    """One rank, which is the first and the last."""

    rank, size = 0, 1

    def add_up(self, numbers: Floats) -> None:
        """See `Group`."""

    def begin_to_add_up(self, numbers: Floats) -> Callable[[], None]:
        """See `Group`."""
        return lambda: None

    def from_first(self, message: bytes | None) -> bytes:
        """See `Group`."""
        assert message is not None
        return message


def number_of_first(group: Group, number: float) -> float:
    """Return a number of the first rank, bit for bit: ranks on machines of several kinds may round otherwise."""
    sent = np.array(number, dtype="<f8").tobytes()
    return float(np.frombuffer(group.from_first(sent), dtype="<f8")[0])


def any_of(group: Group, wish: bool) -> bool:
    """Return whether any rank wishes something."""
    total = np.array([float(wish)])
    group.add_up(total)
    return bool(total[0])


def first_does(group: Group, work: Callable[[], bytes]) -> bytes:
    """Let the first rank do something, however long it takes, and return what it made of it, on every rank.

    Parameters
    ----------
    group : Group
    work : callable
        Returns bytes for all.

    Raises
    ------
    BacklitError
        What the first rank raised, on every rank.
    """
    if group.size == 1:
        return work()
    if group.rank > 0:
        while (said := group.from_first(None))[0] == _AT_WORK:
            pass
        if said[0] == _FAILED:
            error = error_from_document(strict_json.parse(said[1:].decode()))
            # what is not backlit's own is told by the first, and may be mended by another attempt
            raise LostRankError(str(error)) if type(error) is BacklitError else error
        return said[1:]
    outcome: list[bytes | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(_HEARTBEAT)
        if worker.is_alive():
            group.from_first(bytes([_AT_WORK]))
    [result] = outcome
    if isinstance(result, BaseException):
        group.from_first(bytes([_FAILED]) + strict_json.dump(error_to_document(result)).encode())
        raise result
    group.from_first(bytes([_DONE]) + result)
    return result


def each_does(group: Group, work: Callable[[], T]) -> T:
    """Let every rank do something, however long it takes the slowest, and return what this one made of it.

    Parameters
    ----------
    group : Group
    work : callable

    Raises
    ------
    BacklitError
        If any of them failed: its own error where it was this one.
    """
    if group.size == 1:
        return work()
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    counts = np.zeros(2)
    while counts.sum() < group.size:
        worker.join(_HEARTBEAT)
        counts[:] = len(done), len(failed)
        group.add_up(counts)
    if failed:
        raise failed[0]
    if counts[1]:
        raise LostRankError(
            f"{int(counts[1])} of {group.size} processes could not begin, and said why. Nothing was done."
        )
    return done[0]


def error_to_document(error: BaseException) -> dict[str, Any]:
    """Return an error as plain JSON."""
    where = [error.epoch, error.layer] if isinstance(error, DivergenceError) else None
    return {"kind": type(error).__name__, "message": str(error), "where": where}


def error_from_document(document: dict[str, Any]) -> BacklitError:
    """Return the error that `error_to_document` was given; one that is not backlit's is told as it was said."""
    kind, message, where = document["kind"], str(document["message"]), document["where"]
    if kind == "DivergenceError" and where is not None:
        return DivergenceError(*map(int, where))
    known: Any = getattr(errors, str(kind), None)
    if isinstance(known, type) and issubclass(known, InvalidInputError | errors.OutputError):
        try:
            return known(message)
        except TypeError:
            return InvalidInputError(message)
    return BacklitError(message if kind == "BacklitError" else f"{kind}: {message}")
