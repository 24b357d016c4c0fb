"""Every exception that backlit raises on purpose.

::

    BacklitError
    ├── InvalidInputError (ValueError)        what was given cannot be used
    │   ├── ShapeError                        an array has the wrong shape
    │   ├── UnknownNameError                  no activation, loss, column, … has this name
    │   ├── LossActivationError               this loss is not defined on this activation's range
    │   ├── DataError                         a data file or table cannot be used
    │   ├── CheckpointError                   a folder's checkpoints cannot be gone on from
    │   └── ModelFileError                    a model file is damaged, foreign or from the future
    ├── OutputError (OSError)                 a result could not be written; nothing was left half-written
    ├── DivergenceError (ValueError)          training met NaN or ±∞; knows the epoch and the layer
    ├── EngineUnavailableError (RuntimeError) the engine asked for is not installed
    └── MissingExtraError (ImportError)       an optional dependency is needed; gives the pip line

Every message says what was expected, what came, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class BacklitError(Exception):
    """Base of all errors that backlit raises on purpose."""


class InvalidInputError(BacklitError, ValueError):
    """A value that was given cannot be used."""


class NotFiniteError(InvalidInputError):
    """x holds NaN or infinity."""

    def __init__(self) -> None:
        super().__init__("x holds NaN or infinity where finite numbers are needed. Fill them in, or leave them out.")


class ShapeError(InvalidInputError):
    """An array has the wrong shape."""


class UnknownNameError(InvalidInputError):
    """No activation, loss, column or similar has this name.

    Parameters
    ----------
    kind : str
        What was looked for, in the singular: ``"activation"``.
    name : object
        What came.
    known : iterable of str
        The names that exist; close ones are suggested.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = list(known)
        near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Choose one of: {', '.join(names)}."
        super().__init__(f"There is no {kind} named {name!r}. {hint}")
        self.kind, self.name, self.known = kind, name, tuple(names)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.kind, self.name, self.known)


class LossActivationError(InvalidInputError):
    """A loss is not defined on the whole range of the output activation."""


class DataError(InvalidInputError):
    """A data file or table cannot be used."""


class CheckpointError(InvalidInputError):
    """A folder's checkpoints are of another run, are all damaged, or belong to a run that is still going."""


class ModelFileError(InvalidInputError):
    """A model file is damaged, foreign, or written by a newer version."""


class OutputError(BacklitError, OSError):
    """A result could not be written. Nothing was left half-written."""


class DivergenceError(BacklitError, ValueError):
    """Training met NaN or ±∞ and was stopped. A ValueError, because scikit-learn raises one.

    Parameters
    ----------
    epoch : int
        Epoch in which it was noticed, counted from 1.
    layer : int
        First layer with a value that is not finite, counted as in the lecture (2 … L).

    Attributes
    ----------
    history : tuple of NetworkHealth
        What a `Recorder` wrote down until then; empty where there was none. `backlit.diagnose` reads it.
    """

    history: tuple[Any, ...] = ()

    def __init__(self, epoch: int, layer: int) -> None:
        super().__init__(
            f"Training diverged: a value in layer {layer} became NaN or infinite in epoch {epoch}. "
            "Use a smaller learning rate, scale the inputs (mean 0, deviation 1), or scale the target."
        )
        self.epoch, self.layer = epoch, layer

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.epoch, self.layer), {"history": self.history}


class EngineUnavailableError(BacklitError, RuntimeError):
    """The engine asked for is not installed."""


class MissingExtraError(BacklitError, ImportError):
    """An optional dependency is needed for this feature.

    Parameters
    ----------
    feature : str
        What the user wanted.
    extra : str
        Name of the extra that provides it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional package. Install it with: pip install 'backlit[{extra}]'")
        self.feature, self.extra = feature, extra

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.feature, self.extra)
