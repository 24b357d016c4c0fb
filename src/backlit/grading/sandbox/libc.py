"""Calls into the C library that Python's own modules do not offer."""

from __future__ import annotations

import ctypes
import os
from typing import Any


def libc() -> Any:
    """Return the C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def check(result: int) -> int:
    """Return what a call gave.

    Raises
    ------
    OSError
        If that was −1.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
