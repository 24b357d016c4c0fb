"""A store such as S3, in which checkpoints are kept: pyarrow's file systems, which are what Ray keeps its own in.

What is put there appears whole or not at all. A store has no locks, so it keeps nobody out.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backlit.documents.addresses import StrPath, address_of, shown_address
from backlit.errors import MissingExtraError, OutputError

_CHUNK = 1 << 20
_WITHOUT_FOLDERS = ("s3", "gcs", "abfs")
_TRIAL = ".backlit-trial"


class Store:
    """What stands below an address, one level deep.

    Parameters
    ----------
    address : str or path-like
        Such as ``s3://bucket/run`` or ``gs://bucket/run``. Keys come from the environment, as the makers of the store
        have it; settings such as ``?region=eu-west-1`` or ``?endpoint_override=HOST:PORT&scheme=http`` are pyarrow's.

    Raises
    ------
    MissingExtraError
        Without pyarrow.
    OutputError
        If there is no such store; also of what is done with it, if it does not answer or does not allow it.
    """

    def __init__(self, address: StrPath) -> None:
        self.name, self._address = shown_address(address), address_of(address)
        try:
            from pyarrow.fs import FileSystem
        except ImportError:
            raise MissingExtraError(f"Keeping checkpoints in {self.name}", "distributed") from None
        with self._saying("used"):
            self._system, self._place = FileSystem.from_uri(self._address)

    def check(self) -> None:
        """Raise if nothing can be written there; what is written to see that is deleted."""
        with self._saying("written to"):
            if self._system.type_name not in _WITHOUT_FOLDERS:
                self._system.create_dir(self._place, recursive=True)
            with self._system.open_output_stream(self._at(_TRIAL)) as trial:
                trial.write(b"backlit")
            self._system.delete_file(self._at(_TRIAL))

    def names(self) -> list[str]:
        """Return the names of the files, sorted."""
        from pyarrow.fs import FileSelector

        with self._saying("looked into"):
            found = self._system.get_file_info(FileSelector(self._place, allow_not_found=True))
        return sorted(each.base_name for each in found if each.is_file)

    def get(self, name: str, to: Path) -> None:
        """Copy a file from the store."""
        with self._saying("read"), self._system.open_input_stream(self._at(name)) as source, to.open("wb") as copy:
            shutil.copyfileobj(source, copy, _CHUNK)

    def put(self, path: Path) -> None:
        """Copy a file into the store, under its own name."""
        place = self._at(path.name)
        with path.open("rb") as source, self._saying("written to"), self._system.open_output_stream(place) as copy:
            shutil.copyfileobj(source, copy, _CHUNK)

    def delete(self, name: str) -> None:
        """Delete a file of the store."""
        with self._saying("written to"):
            self._system.delete_file(self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._place.rstrip('/')}/{name}"

    @contextmanager
    def _saying(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # pyarrow has both for addresses that it does not know
            told = str(error).replace(self._address, self.name)  # which may have keys in it
            reason = told.partition(" (Request ID")[0].strip().rstrip(".")
            raise OutputError(
                f"{self.name} cannot be {what}: {reason}. Give the address of a store that you may write to, and its "
                "keys in the environment."
            ) from None  # whose own words may have keys in them
