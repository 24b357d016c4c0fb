"""The programs in `right/` and `wrong/`: their headers say how they are to be graded, and what is wrong with them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

FOLDER = Path(__file__).parent
RIGHT = sorted((FOLDER / "right").glob("*.py"))
WRONG = sorted((FOLDER / "wrong").glob("*.py"))

_HEADER = re.compile(r"^# (equation|mistake|activation|loss): (\S+)$", re.MULTILINE)


def header(path: Path) -> dict[str, str]:
    return dict(_HEADER.findall(path.read_text()))


def task(path: Path) -> dict[str, str]:
    return {key: value for key, value in header(path).items() if key in ("activation", "loss")}


def load(path: Path):
    """Import a program afresh; the sandbox has tests of its own."""
    spec = importlib.util.spec_from_file_location(f"submission_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
