"""The benchmarks are programs, not a package: their folder is put where Python looks for modules."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks" / "tables"

sys.path.insert(0, str(FOLDER))
