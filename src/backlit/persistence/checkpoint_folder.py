"""The folder in which one run keeps its checkpoints: ``epoch-000012.safetensors``, the last few of them.

A run holds a lock on the folder as long as it lasts. The system releases it when the process ends, however it ends.
Where the folder is the address of a store, its files are copied to a temporary folder and back, and there is no lock.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.documents import strict_json
from backlit.documents.addresses import is_address
from backlit.errors import CheckpointError, ModelFileError, OutputError
from backlit.persistence.atomic import StrPath, check_writable, remove_abandoned
from backlit.persistence.checkpoint_file import StoredCheckpoint, load_checkpoint, read_document, save_checkpoint
from backlit.persistence.locks import try_lock
from backlit.persistence.store import Store
from backlit.training.checkpoint import Checkpoint
from backlit.training.run_description import what_must_agree

_LOCK = ".backlit-run"
_NAME = re.compile(r"epoch-(\d{6,})\.safetensors")


class CheckpointFolder:
    """A folder that this run has for itself, as a context manager.

    Parameters
    ----------
    folder : str or path-like
        Made where it is missing; or the address of a store.
    keep : int, default 3
        How many checkpoints stay.
    alone : bool, default True
        Whether to keep other runs out.

    Raises
    ------
    CheckpointError
        If another run holds it.
    OutputError
        If it cannot be written to.
    """

    def __init__(self, folder: StrPath, keep: int = Checkpoint.keep, *, alone: bool = True) -> None:
        self._store = Store(folder) if is_address(folder) else None
        self.path, self._alone = Path(folder), alone and self._store is None
        self.name = str(self.path) if self._store is None else self._store.name
        self._keep = keep
        self._lock: int | None = None

    def __enter__(self) -> Self:
        if self._store is not None:
            self.path = Path(tempfile.mkdtemp(prefix="backlit-checkpoints-"))
            try:
                self._store.check()
                for name in filter(_NAME.fullmatch, self._store.names()):
                    self._store.get(name, self.path / name)
            except BaseException:
                shutil.rmtree(self.path, ignore_errors=True)
                raise
            return self
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"Cannot make the folder {str(self.path)!r} for checkpoints: {_reason(error)}. "
                "Give a folder that you may write to."
            ) from error
        check_writable(self.path / _LOCK)
        if self._alone:
            self._take()
        remove_abandoned(self.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._store is not None:
            shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            with contextlib.suppress(OSError):
                (self.path / _LOCK).unlink()
            os.close(self._lock)
            self._lock = None

    def _take(self) -> None:
        path = self.path / _LOCK
        while True:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
            try:
                is_free = try_lock(lock)
            except OSError:
                is_free = True  # where the file system has no locks, nobody is kept out
            if not is_free:
                process = os.read(lock, 20).decode(errors="replace").strip()
                os.close(lock)
                who = f" (process {process})" if process.isdecimal() else ""
                raise CheckpointError(
                    f"Another run{who} keeps its checkpoints in {str(self.path)!r} right now. "
                    "Wait until it has ended, or give this one a folder of its own."
                )
            # The run that held it may have ended, and removed the file, since it was opened.
            if os.name == "nt" or os.fstat(lock).st_nlink:
                break
            os.close(lock)
        self._lock = lock
        # For people; on a full disk the lock holds without it.
        with contextlib.suppress(OSError):
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())

    def files(self) -> list[Path]:
        """Return the checkpoints, oldest first."""
        found = [(int(match[1]), path) for path in self.path.iterdir() if (match := _NAME.fullmatch(path.name))]
        return [path for _, path in sorted(found)]

    def refuse_if_used(self) -> None:
        """Raise if there are checkpoints already."""
        files = self.files()
        if files:
            raise CheckpointError(
                f"There are checkpoints of a run in {self.name!r} already, the last of them {files[-1].name}. "
                "Go on with it (--resume, or Checkpoint(resume='auto')), or give this run a folder of its own."
            )

    def newest(
        self, run: dict[str, Any], like: Network | Ensemble, slots: tuple[str, ...], warn: Callable[[str], object]
    ) -> StoredCheckpoint | None:
        """Return the newest checkpoint that is whole, or None where there are none at all.

        Parameters
        ----------
        run : dict
            What the run is; checkpoints of another are refused.
        like : Network or Ensemble
            Of the run.
        slots : tuple of str
            Names of the optimizer's slots.
        warn : callable
            Called with a message for each checkpoint that is damaged.

        Raises
        ------
        CheckpointError
            If the checkpoints are of another run, naming what differs, or all are damaged.
        """
        files = self.files()
        for path in reversed(files):
            try:
                different = differences(what_must_agree(read_document(path)["run"]), what_must_agree(run))
                if different:
                    raise CheckpointError(
                        f"The checkpoints in {self.name!r} are of another run: {different}. "
                        "Go on with the same data and options, or give this run a folder of its own; "
                        "Checkpoint(folder_per_run=True) does so for each fit of a cross-validation or a search."
                    )
                stored = load_checkpoint(path, like, slots)
                self._refuse_fewer_epochs(stored, run)
                self._delete(files[: files.index(path) + 1])
                return stored
            except ModelFileError as error:
                warn(f"The checkpoint {str(path)!r} cannot be used: {error} Trying the one before.")
        if files:
            raise CheckpointError(
                f"None of the {len(files)} checkpoints in {self.name!r} can be used. "
                "Delete them, or give this run a folder of its own, to begin anew."
            )
        return None

    def _refuse_fewer_epochs(self, stored: StoredCheckpoint, run: dict[str, Any]) -> None:
        done, planned = stored.state.get("epoch"), run.get("n_epochs")
        if isinstance(done, int) and isinstance(planned, int) and done > planned:
            raise CheckpointError(
                f"The run in {self.name!r} has done {done} epochs already, more than the {planned} that are asked "
                f"for. Ask for at least {done}, or give this run a folder of its own."
            )

    def save(self, epoch: int, checkpoint: StoredCheckpoint, slots: tuple[str, ...]) -> None:
        """Write a checkpoint and then delete those that are no longer to be kept.

        Raises
        ------
        OutputError
            If it cannot be written; those that are there stay.
        """
        path = self.path / f"epoch-{epoch:06d}.safetensors"
        save_checkpoint(path, checkpoint, slots)
        if self._store is not None:
            self._store.put(path)
        files = self.files()
        place = files.index(path)
        # Later ones are there only if they were damaged, and the run went on from an earlier one.
        self._delete(files[: place + 1])
        for path in files[place + 1 :]:
            self._remove(path)

    def _delete(self, files: list[Path]) -> None:
        # all but the last few; also when a run goes on, because it may have been killed just before this
        for path in files[: max(0, len(files) - self._keep)]:
            self._remove(path)

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()
        if self._store is not None:
            with contextlib.suppress(OutputError):
                self._store.delete(path.name)


def _reason(error: OSError) -> str:
    return "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror or str(error)


def differences(there: dict[str, Any], here: dict[str, Any]) -> str:
    """Return what differs between two runs, in words; empty where nothing does."""
    return "; ".join(_differences("", there, here))


def _differences(name: str, there: Any, here: Any) -> list[str]:
    if there == here:
        return []
    if isinstance(there, dict) and isinstance(here, dict):
        # of things of another kind, the kind says enough
        names = ["name"] if there.get("name") != here.get("name") else [*here, *(set(there) - set(here))]
        prefix = f"{name}." if name else ""
        return [line for key in names for line in _differences(prefix + key, there.get(key), here.get(key))]
    if str(there).startswith("sha256 ") and str(here).startswith("sha256 "):
        return [f"{name} are not the same"]
    return [f"{name} is {_shown(here)} here, but was {_shown(there)}"]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("name", "given")
    return "none" if value is None else strict_json.shown(value)
