"""Locks on open files. The system releases them when their process ends, however it ends, so none can be stale."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

if sys.platform == "win32":  # it has no such locks: there, nobody is kept out and no file is taken for abandoned

    def lock(descriptor: int) -> None:
        """Lock an open file."""

    def try_lock(descriptor: int) -> bool:
        """Raise; see below."""
        raise OSError("there are no such locks on Windows")

    @contextlib.contextmanager
    def still_locked(descriptor: int) -> Iterator[None]:
        """Keep a lock while the block runs."""
        yield

else:
    import fcntl

    def lock(descriptor: int) -> None:
        """Lock an open file, once nobody else holds it. Where the file system has no locks, do nothing."""
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)

    def try_lock(descriptor: int) -> bool:
        """Return whether an open file could be locked; False where somebody holds it.

        Raises
        ------
        OSError
            Where the file system has no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextlib.contextmanager
    def still_locked(descriptor: int) -> Iterator[None]:
        """Keep a lock while the block runs, even if the block closes the descriptor."""
        another = os.dup(descriptor)
        try:
            yield
        finally:
            os.close(another)
