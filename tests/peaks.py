"""The most memory that a program takes, in MiB."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Linux begins a child's ru_maxrss with that of its parent, which is pytest; VmHWM begins anew with each program
_TOLD = """
import resource, sys
try:
    with open("/proc/self/status") as status:
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
except OSError:
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
print(kib, file=sys.stderr)
"""


def peak(program: str, *arguments: object, folder: Path | None = None) -> int:
    """Run a program of Python in a process of its own, and return its peak."""
    command = [sys.executable, "-c", program + _TOLD, *map(str, arguments)]
    # polars, which tests import, leaves its own choice in the environment; a shell has none
    without = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=without)
    assert run.returncode == 0, run.stderr
    return int(run.stderr.splitlines()[-1]) // 1024
