"""How the numbers of an epoch are computed: two engines behind one protocol, and the one place that chooses."""

from __future__ import annotations

import warnings
from functools import cache

from backlit.core.precision import PRECISIONS
from backlit.engine.protocol import Engine, Gradient, Objective, OptimizerState, Session, Steps
from backlit.engine.reference import ReferenceEngine
from backlit.errors import EngineUnavailableError, UnknownNameError

__all__ = [
    "ENGINES",
    "Engine",
    "Gradient",
    "Objective",
    "OptimizerState",
    "Session",
    "Steps",
    "get_engine",
    "native_is_available",
]

ENGINES = ("auto", "native", "reference")


class SlowEngineWarning(UserWarning):
    """The compiled engine is missing, so the slow reference engine is used."""


@cache
def native_is_available() -> bool:
    """Whether the compiled engine was built and can be imported."""
    try:
        import backlit._native  # noqa: F401
    except ImportError:
        return False
    return True


@cache
def _say_that_native_is_missing() -> None:
    warnings.warn(
        "backlit was installed without its compiled engine and runs on the slow reference engine. "
        "Install a C++ compiler and reinstall backlit, or choose engine='reference' to silence this.",
        SlowEngineWarning,
        stacklevel=3,
    )


def get_engine(name: str = "auto", precision: str = "full") -> Engine:
    """Return an engine by name.

    Parameters
    ----------
    name : {"auto", "native", "reference"}, default "auto"
        "auto" is the native engine where it is installed, else the reference engine (said once). For a custom
        activation or loss it opens a session of the reference engine, because the compiled engine calls no Python.
    precision : {"full", "bfloat16", "bfloat16x3"}, default "full"
        What the operands of products are rounded to, in networks of float32: see `backlit.core.precision`.

    Raises
    ------
    EngineUnavailableError
        If the native engine is asked for but not installed.
    InvalidInputError
        If the processor cannot compute in that precision.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", precision, PRECISIONS)
    if name == "reference":
        return ReferenceEngine(precision)
    if native_is_available():
        from backlit.engine.native import AutomaticEngine, NativeEngine

        return NativeEngine(precision) if name == "native" else AutomaticEngine(precision)
    if name == "native":
        raise EngineUnavailableError(
            "The native engine was asked for, but backlit was installed without it (no C++ compiler was found then). "
            "Install a compiler and reinstall backlit, or use engine='reference'."
        )
    _say_that_native_is_missing()
    return ReferenceEngine(precision)
