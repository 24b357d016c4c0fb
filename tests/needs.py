"""What tests need beyond Python and what `make setup` brings: how to see whether it is here, and what to do about it.

A test says `@pytest.mark.needs("pdflatex")`, a fixture or the body of a test `needs.require("pdflatex")`. Where it is
missing, the test is skipped with the reason. With BACKLIT_NO_SKIPS=1, which .ci/run sets, it fails instead where the
remedy is to install something; what a machine is or is not, nobody can install, so that is skipped in any case.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from backlit.engine import native_is_available

DATA = Path(os.environ.get("BACKLIT_DATA") or Path(__file__).parents[1] / "../shared/data").resolve()
AXE = Path(__file__).parents[1] / "frontend/node_modules/axe-core/axe.min.js"
PYODIDE = Path(__file__).parents[1] / "frontend/node_modules/pyodide"
THOROUGH = bool(os.environ.get("BACKLIT_THOROUGH") or os.environ.get("BACKLIT_SOAK"))
"""Whether tests that take seconds to be surer of what others show are wanted too: in .ci/run, and in `make soak`."""
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
SEPARATE = (
    *("unshare", *([] if ROOT else ["--user", "--map-root-user"]), "--net", "--pid", "--fork", "--kill-child"),
    *("--mount-proc", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"),
)
"""Before a command: it sees no network but its own machine's, and all that it starts ends with it."""


class Need(NamedTuple):
    """One row of the table."""

    is_here: Callable[[], bool]
    otherwise: str
    installable: bool = False


def program(name: str, packages: str) -> Need:
    return Need(lambda: shutil.which(name) is not None, f"no {name} here: apt-get install {packages}", installable=True)


def module(name: str, remedy: str = "make setup") -> Need:
    return Need(lambda: importlib.util.find_spec(name) is not None, f"no {name} here: {remedy}", installable=True)


def module_of_notebooks(name: str) -> Need:
    here = module(name).is_here
    return Need(here, f"no {name} here: make notebooks", installable=True)


def somebodys(name: str, distribution: str) -> Need:
    here = module(name).is_here
    return Need(here, f"neither backlit nor its tests bring {name}; with it this runs too: pip install {distribution}")


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def instruction_sets() -> list[str]:
    """Those of the engine that may run here; BACKLIT_ISA hides the better ones."""
    if not native_is_available():
        return []
    from backlit import _native

    ordered = ["baseline", "avx2", "avx512"]
    best = _native.instruction_set()
    here = ordered[: ordered.index(best) + 1] if best in ordered else [best]
    return [*here, "bfloat16"] if _native.has_bfloat16() else here


def instruction_set(name: str) -> Need:
    replayed = name == "bfloat16" and "BACKLIT_REPLAY" in os.environ
    return Need(
        lambda: replayed or name in instruction_sets(), f"this processor has no {name}, or BACKLIT_ISA hides it"
    )


def may_use_two_processors() -> bool:
    if not (native_is_available() and hasattr(os, "sched_setaffinity")):
        return False
    from backlit import _native

    return _native.available_processors() > 1


def makes_devices() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "null")
        try:
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            path.open("wb").close()
        except OSError:
            return False
    return True


def mounts_small_disks() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        mount = f"mount -t tmpfs -o size=64k none {folder}"
        return works("unshare", "--mount", "--map-root-user", "sh", "-c", mount)


def everybody_has_python() -> bool:
    """Whether another user can run this Python with the package, or a view of files can be made in which one can."""
    if not ROOT or is_here("mounts"):
        return True
    try:
        done = subprocess.run([sys.executable, "-c", "import backlit"], user=65534, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


NEEDS = {
    # what can be installed
    "pdflatex": program("pdflatex", "texlive-latex-base texlive-latex-recommended"),
    "strace": program("strace", "strace"),
    "pandas": module("pandas"),
    "torch": module("torch"),
    "array_api_strict": module("array_api_strict"),
    "mlflow": module_of_notebooks("mlflow"),
    "playwright": module("playwright"),
    "chromium": program("chromium", "chromium"),
    "axe": Need(AXE.is_file, "no axe-core here: make lab-page", installable=True),
    "pyodide": Need(PYODIDE.is_dir, "no Pyodide here: make lab-page", installable=True),
    "jupyterlab": module_of_notebooks("jupyterlab"),
    "marimo": module_of_notebooks("marimo"),
    "engine": Need(native_is_available, "the engine is not built: install g++ and run make setup", installable=True),
    "ray": module("ray", "make test-cluster"),
    # what is somebody else's to install
    "tensorboardX": somebodys("tensorboardX", "tensorboardX"),
    "data": Need(DATA.is_dir, f"the real data sets are not at {DATA} (set BACKLIT_DATA)"),
    # the processor
    **{name: instruction_set(name) for name in ("baseline", "avx2", "avx512", "bfloat16")},
    # the system, and who one is on it
    "linux": Need(lambda: sys.platform == "linux", "this is Linux's"),
    "affinity": Need(lambda: hasattr(os, "sched_setaffinity"), "affinity is Linux's"),
    "two processors": Need(may_use_two_processors, "one processor is all there is, or affinity is not known"),
    "/proc": Need(Path("/proc/self/task").is_dir, "there is no /proc here"),
    "root": Need(lambda: ROOT, "only root can do this"),
    "no root": Need(lambda: not ROOT, "root may do everything"),
    "mounts": Need(lambda: ROOT and works("unshare", "--mount", "true"), "takes root and mount namespaces"),
    "Python for everybody": Need(everybody_has_python, "only root can read this Python, and nothing can be mounted"),
    "namespaces": Need(lambda: works(*SEPARATE, "true"), "takes namespaces of processes and networks"),
    "user namespaces": Need(lambda: works("unshare", "--user", "true"), "takes user namespaces"),
    "small disks": Need(mounts_small_disks, "no small disk can be mounted here"),
    "devices": Need(makes_devices if ROOT else Path("/dev/full").is_char_device, "there are no devices to write to"),
}


@functools.cache
def is_here(name: str) -> bool:
    """Whether this machine has what the table calls so."""
    return NEEDS[name].is_here()


def require(name: str) -> None:
    """Skip the test, or fail, where this machine lacks what the table calls so."""
    if is_here(name):
        return
    need = NEEDS[name]
    if need.installable and os.environ.get("BACKLIT_NO_SKIPS"):
        pytest.fail(f"{need.otherwise} (with BACKLIT_NO_SKIPS nothing that can be installed may be missing)", False)
    pytest.skip(need.otherwise, allow_module_level=True)


def imported(name: str):
    """Import a module that only tests use: within a test, or for all the tests of a file."""
    require(name)
    return importlib.import_module(name)
