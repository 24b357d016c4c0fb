"""Addresses of stores such as ``s3://bucket/run``, which are no folders though they look like paths."""

from __future__ import annotations

import os
import re

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""Also of what a path made of it; but no drive, which has one letter."""


def is_address(path: str | os.PathLike[str]) -> bool:
    """Tell whether something that is given for a folder is the address of a store.

    Examples
    --------
    >>> is_address("s3://bucket/run"), is_address("runs/s3"), is_address("C:/runs")
    (True, False, False)
    """
    return _ADDRESS.match(os.fspath(path)) is not None
