"""The formats that models are exported to. To add one, write a file with a function `export` and enter it here."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backlit.export.exportable import Exportable

_MOST_NAMES = 5


@dataclass(frozen=True)
class Exported:
    """A model in some format.

    Attributes
    ----------
    content : bytes
        Of the file.
    summary : str
        Its inputs and outputs, in a few words for the user.
    """

    content: bytes
    summary: str


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes
    ----------
    suffix : str
        Of its files, with the dot.
    words : str
        What it is, for ``--help``.
    module : str
        Has the function ``export(exportable: Exportable) -> Exported``. Imported when it is used.
    """

    suffix: str
    words: str
    module: str

    def export(self, exportable: Exportable) -> Exported:
        """Return a model in this format.

        Raises
        ------
        InvalidInputError
            For what the format cannot express, with what to do.
        MissingExtraError
            Where an optional package is needed.
        """
        exported: Exported = importlib.import_module(self.module).export(exportable)
        return exported


def first_names(names: Sequence[str]) -> str:
    """Return a list of names for a summary, cut where it grows long."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


FORMATS: dict[str, ExportFormat] = {
    "onnx": ExportFormat(".onnx", "for onnxruntime and others, columns of text included", "backlit.export.onnx"),
    "c": ExportFormat(".c", "one file of C99 for microcontrollers, where all columns are numbers", "backlit.export.c"),
}
"""Name → format."""
DEFAULT = "onnx"


def format_of(path_suffix: str) -> str:
    """Return the name of the format whose files end like this; where none does, the default."""
    return next((name for name, entry in FORMATS.items() if entry.suffix == path_suffix.lower()), DEFAULT)
