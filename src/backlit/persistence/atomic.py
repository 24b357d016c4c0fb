"""Write a file whole or not at all.

The bytes go to a hidden file in the same folder, are forced to disk, and take the place of the old file in one step.
Whatever goes wrong before that step leaves the old file as it was and removes the hidden one. A process that is killed
cannot remove it, but loses its lock on it; the next process that writes there sees so and removes the file. Pipes,
terminals and devices cannot be replaced, so they are written directly.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backlit.errors import BacklitError, OutputError
from backlit.persistence.locks import lock, still_locked, try_lock

StrPath = str | os.PathLike[str]

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_SEPARATORS = (os.sep, f"{os.sep}.", f"{os.sep}..", *([os.altsep] if os.altsep else []))
_LINKS_FOLLOWED = 8

_REMEDIES = {
    errno.ENOSPC: "Free some space or write to another disk.",
    errno.EDQUOT: "Free some space or write to another disk.",
    errno.EFBIG: "Raise the limit on file sizes (ulimit -f) or write to another disk.",
    errno.EACCES: "Choose a place that you may write to, or change the permissions.",
    errno.EPERM: "Choose a place that you may write to, or change the permissions.",
    errno.EROFS: "Choose a place that you may write to.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOENT: "Create it or correct the path.",
    errno.ENOTDIR: "A part of the path is a file: correct the path.",
    errno.EISDIR: "Give the name of a file in it.",
    errno.EPIPE: "The program that reads from it has stopped.",
}


@dataclass(frozen=True)
class _Destination:
    """Where a path leads: to a place for a file (old or new), or to something that can only be written directly."""

    place: Path
    old: os.stat_result | None
    descriptor: int | None = None

    @property
    def is_direct(self) -> bool:
        return self.descriptor is not None or (self.old is not None and not stat.S_ISREG(self.old.st_mode))


@contextlib.contextmanager
def atomic_write(path: StrPath) -> Iterator[BinaryIO]:
    """Open a file for writing that appears at `path` complete, or not at all.

    The permissions of an existing file are kept; a new one follows the umask. A symbolic link stays, and the file it
    leads to is replaced. ``/dev/stdout``, pipes and devices are written directly.

    Parameters
    ----------
    path : str or path-like

    Yields
    ------
    binary file
        Its contents reach `path` when the block ends without an exception. A text wrapper around it must be flushed
        within the block.

    Raises
    ------
    OutputError
        If the file cannot be written. An OSError of the block that names a file (reading some other file) passes.
    """
    foreign: OSError | None = None
    try:
        destination = _destination(path)
        with _written_directly(destination) if destination.is_direct else _replaced(destination) as handle:
            try:
                yield handle
            except OSError as error:
                # Errors of writing to an open file carry no file name; those of opening another file do.
                if error.filename is not None or isinstance(error, BacklitError):
                    foreign = error
                raise
    except OSError as error:
        if error is foreign:
            raise
        raise _output_error(path, error) from error


def check_writable(path: StrPath) -> None:
    """Raise if `path` cannot be written: to be called before hours of training, not after.

    Does what `atomic_write` does up to the first byte, and leaves nothing behind.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    OutputError
        If the folder is missing, the path is a folder, permission is missing, ….
    """
    try:
        destination = _destination(path)
        if destination.is_direct:
            # Not opened: that would wait for the reader of a pipe, and then end it.
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        trial = _hidden_name(destination)
        try:
            os.close(os.open(trial, _NEW_FILE, 0o600))
        finally:
            _remove(trial)
    except OSError as error:
        raise _output_error(path, error) from error


def remove_abandoned(folder: StrPath) -> None:
    """Remove the hidden files that killed processes left in a folder.

    Parameters
    ----------
    folder : str or path-like
    """
    with contextlib.suppress(OSError):
        for path in Path(folder).iterdir():
            if re.fullmatch(r"\.backlit-[0-9a-f]{16}\.tmp", path.name) and path.is_file() and not path.is_symlink():
                _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            if try_lock(descriptor):
                path.unlink()
        finally:
            os.close(descriptor)


def _destination(path: StrPath) -> _Destination:
    name = os.fsdecode(path)
    if not name or "\0" in name:
        raise OSError(errno.EINVAL, "a path cannot be empty or hold a NUL character")
    descriptor = _own_descriptor(Path(name))
    if descriptor is not None:
        return _Destination(Path(name), None, descriptor)
    try:
        old = os.stat(name)  # noqa: PTH116 (Path drops the slash at the end, which asks for a folder)
    except FileNotFoundError:
        old = None
    if (old is not None and stat.S_ISDIR(old.st_mode)) or name.endswith(_SEPARATORS):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    # A rename needs no permission on the file itself, but a file that was made read-only is meant to stay.
    if old is not None and not os.access(name, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return _Destination(Path(name).resolve(), old)


def _own_descriptor(path: Path) -> int | None:
    """Return the number of the open file that a path like /dev/stdout or /dev/fd/3 stands for.

    Such a path may lead to a regular file (``> log``, ``>> log``). That file belongs to whoever opened it, so output is
    added to it; it is neither replaced nor truncated.
    """
    descriptors = rf"/proc/{os.getpid()}(/task/\d+)?/fd|/dev/fd"
    for _ in range(_LINKS_FOLLOWED):
        if path.name.isdecimal() and re.fullmatch(descriptors, os.path.realpath(path.parent)):
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


@contextlib.contextmanager
def _written_directly(destination: _Destination) -> Iterator[BinaryIO]:
    if destination.descriptor is None:
        descriptor = os.open(destination.place, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0))
    else:
        descriptor = os.dup(destination.descriptor)
    with _handle(descriptor) as handle:
        yield handle


@contextlib.contextmanager
def _replaced(destination: _Destination) -> Iterator[BinaryIO]:
    remove_abandoned(destination.place.parent)
    # The name is known before the file exists, so that Ctrl-C at any moment still finds what to remove.
    hidden = _hidden_name(destination)
    try:
        old = destination.old
        # 0o666 less the umask is what every program gives a new file. What replaces a private file is never readable
        # by others, not for an instant.
        descriptor = _create(hidden, 0o666 if old is None else old.st_mode & 0o600)
        with still_locked(descriptor):
            with _handle(descriptor, sync=True) as handle:
                if old is not None:
                    _keep_permissions(descriptor, old)
                yield handle
            hidden.replace(destination.place)
    except BaseException:
        _remove(hidden)
        raise
    _sync_folder(destination.place.parent)


def _create(hidden: Path, mode: int) -> int:
    while True:
        descriptor = os.open(hidden, _NEW_FILE, mode)
        lock(descriptor)
        # Before it was locked, another process may have removed it as abandoned.
        if os.name == "nt" or os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _keep_permissions(descriptor: int, old: os.stat_result) -> None:
    # Some file systems know no owners or permissions, and only root may give a file away.
    if hasattr(os, "fchown"):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    if hasattr(os, "fchmod"):
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, old.st_mode & 0o777)


@contextlib.contextmanager
def _handle(descriptor: int, *, sync: bool = False) -> Iterator[BinaryIO]:
    # The descriptor is kept apart from the handle: a text wrapper or a compressor may have closed the handle.
    try:
        handle = os.fdopen(descriptor, "wb", closefd=False)
        try:
            yield handle
            if not handle.closed:
                handle.flush()
            if sync:
                os.fsync(descriptor)
        finally:
            # After a failure the buffer is not empty, and closing fails for the same reason again.
            with contextlib.suppress(OSError):
                handle.close()
    finally:
        os.close(descriptor)


def _hidden_name(destination: _Destination) -> Path:
    return destination.place.parent / f".backlit-{secrets.token_hex(8)}.tmp"


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _sync_folder(folder: Path) -> None:
    # The new file is complete and in its place. Not every system lets a folder be opened or synced, and an error now
    # would claim that nothing was written.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _output_error(path: StrPath, error: OSError) -> OutputError:
    name = os.fsdecode(path)
    reason = error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0, "Write to another place.")
    if error.errno == errno.ENOENT:
        folder = os.path.dirname(os.path.realpath(name))  # noqa: PTH120 (Path.resolve raises on a ring of links)
        reason = f"there is no folder {folder!r}"
    result = OutputError(f"Cannot write {name!r}: {reason[:1].lower()}{reason[1:]}. {remedy}")
    result.errno = error.errno
    return result
