"""What was measured, one JSON line each, appended as it comes: a run that was stopped goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

Record = dict[str, Any]


class Key(NamedTuple):
    """What a line is of. A later line of the same key takes the place of an earlier one."""

    set: str
    contestant: str
    seed: int
    n_threads: int

    def __str__(self) -> str:
        return f"{self.contestant} on {self.set}, seed {self.seed}"


def read_records(file: Path) -> dict[Key, Record]:
    """Return the last line of each key; a line that was cut short by a stop is passed over."""
    found: dict[Key, Record] = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        key = Key(*(record[name] for name in Key._fields))
        found.pop(key, None)  # so that the later stands later
        found[key] = record
    return found


def append(file: Path, record: Record) -> None:
    """Write one line more."""
    file.parent.mkdir(parents=True, exist_ok=True)
    cut_short = file.exists() and not file.read_bytes().endswith(b"\n") and file.stat().st_size > 0
    with file.open("a") as lines:
        lines.write("\n" * cut_short + json.dumps(record) + "\n")
