"""Addresses of stores such as ``s3://bucket/run``, which are no folders though they look like paths."""

from __future__ import annotations

import os
import re
from pathlib import Path

StrPath = str | os.PathLike[str]

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""Also of what a path made of it; but no drive, which has one letter."""


def is_address(path: StrPath) -> bool:
    """Tell whether something that is given for a folder is the address of a store.

    Examples
    --------
    >>> is_address("s3://bucket/run"), is_address("runs/s3"), is_address("C:/runs")
    (True, False, False)
    """
    return _ADDRESS.match(os.fspath(path)) is not None


def address_of(path: StrPath) -> str:
    """Return an address as it was before somebody made a path of it, which has no double slashes.

    Examples
    --------
    >>> address_of("s3:/bucket/run"), address_of("file:/run")
    ('s3://bucket/run', 'file:///run')
    """
    return re.sub(r":/(?!/)", "://", re.sub(r"^file:/(?!/)", "file:///", os.fspath(path)))


def shown_address(path: StrPath) -> str:
    """Return an address without keys and settings, which are nobody's business.

    Examples
    --------
    >>> shown_address("s3://key:secret@bucket/run?region=eu-west-1")
    's3://bucket/run'
    """
    return re.sub(r"://[^/@]*@", "://", address_of(path).partition("?")[0])


def below(folder: StrPath, name: str) -> str:
    """Return the folder, or the address, of something in a folder or below an address.

    Examples
    --------
    >>> below("s3://bucket/run?region=eu-west-1", "fold-1")
    's3://bucket/run/fold-1?region=eu-west-1'
    """
    if not is_address(folder):
        return str(Path(folder) / name)
    place, mark, settings = address_of(folder).partition("?")
    return f"{place.rstrip('/')}/{name}{mark}{settings}"
