"""What a process may read and write, chosen by itself for good: Landlock.

It needs no privilege, so it also holds where there are no namespaces, and it keeps the files of whoever grades from a
program that runs as the same user. See landlock(7) and the kernel's ``userspace-api/landlock`` page.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Sequence

from backlit.grading.sandbox.libc import check, libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all machines
_VERSION, _PATH_BENEATH, _PR_SET_NO_NEW_PRIVS = 1, 1, 38
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many there are to be handled; from version 5 on 16
_FIRST_WITH_TRUNCATE = 3


def can_restrict_files() -> bool:
    """Whether this system has Landlock."""
    try:
        return sys.platform == "linux" and _version() > 0
    except OSError:
        return False


def _version() -> int:
    return check(libc().syscall(_CREATE_RULESET, None, 0, _VERSION))


def restrict_files(reading: Sequence[str], writing: Sequence[str]) -> list[str]:
    """Let this process and its children read and write beneath some paths alone.

    Parameters
    ----------
    reading, writing : sequence of str
        Folders or files; those that do not exist are passed over. What may be written may be read too.

    Returns
    -------
    list of str
        What could not be had, in words.
    """
    if sys.platform != "linux":
        return ["On this system the program could read and write whatever its user may."]
    call = libc().syscall
    try:
        version = _version()
        rights = (1 << _RIGHTS.get(version, 16)) - 1
        ruleset = check(call(_CREATE_RULESET, ctypes.byref(ctypes.c_uint64(rights)), 8, 0))
        for paths, allowed in ((reading, _READ & rights), (writing, rights)):
            for path in paths:
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    _allow(ruleset, path, allowed)
        check(libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        check(call(_RESTRICT_SELF, ruleset, 0))
        os.close(ruleset)
    except OSError as error:
        return [
            f"Access to files could not be restricted ({error.strerror}): the program could read what its user may."
        ]
    if version < _FIRST_WITH_TRUNCATE:
        return ["This Linux is too old (before 6.2) to keep the program from emptying files that its user may write."]
    return []


def _allow(ruleset: int, path: str, allowed: int) -> None:
    file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            allowed &= _OF_FILES
        rule = allowed.to_bytes(8, "little") + file.to_bytes(4, "little")  # a packed struct
        check(libc().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(file)
