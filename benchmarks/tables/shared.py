"""What this benchmark shares with the others, whose folder is the one above."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # behind this one, which has modules of the same names

from machine import processor_name, processors
from pages import table, write_into

__all__ = ["processor_name", "processors", "table", "write_into"]
