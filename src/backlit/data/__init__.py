"""Files → tables → matrices: readers, the table encoder, and the target.

``formats`` serves ``readers``; ``columns`` decides what each column is; ``table_view`` (one view over every dataframe
library), ``meaning``, ``values``, ``scaling`` and ``plans`` serve ``encoder``.
polars is imported when a file is read, not before.
"""

from backlit.data.classes import class_codes, encode_classes
from backlit.data.encoder import EncodedFeature, TableEncoder
from backlit.data.readers import read_table
from backlit.data.target import (
    TargetScaler,
    TaskGuess,
    check_target,
    check_target_name,
    infer_task,
)

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
