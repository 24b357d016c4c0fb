"""Files → tables → matrices: readers, the table encoder, and the target.

``formats`` serves ``readers``; ``columns`` decides what each column is; ``table_view`` (one view over every dataframe
library), ``meaning``, ``values``, ``scaling`` and ``plans`` serve ``encoder``.
polars is imported when a file is read, and scikit-learn when an encoder is made, not before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backlit.data.classes import class_codes, encode_classes
    from backlit.data.encoder import TableEncoder
    from backlit.data.features import EncodedFeature
    from backlit.data.readers import read_table
    from backlit.data.target import TargetScaler, TaskGuess, check_target, check_target_name, infer_task

_HOMES = {
    "EncodedFeature": "features",
    "TableEncoder": "encoder",
    "TargetScaler": "target",
    "TaskGuess": "target",
    "check_target": "target",
    "check_target_name": "target",
    "class_codes": "classes",
    "encode_classes": "classes",
    "infer_task": "target",
    "read_table": "readers",
}

__all__ = [
    "EncodedFeature",
    "TableEncoder",
    "TargetScaler",
    "TaskGuess",
    "check_target",
    "check_target_name",
    "class_codes",
    "encode_classes",
    "infer_task",
    "read_table",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'backlit.data' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"backlit.data.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
