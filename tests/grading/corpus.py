"""Programs that are right, and wrong ones made of them: their headers say how to grade them, and what is wrong.

Most wrong programs differ from a right one in one or two lines. Those lines are all that is kept of them, in
`mistakes/*.diff`: a title with the right program, the wrong one's name, the equation and the mistake, then lines that
go (``-``) and come (``+``), behind lines that say where (a blank in front). ``...`` stands between two changes. The few
that are wrong throughout are whole files in `wrong/`. ``python corpus.py wrong/nielsen_sign`` prints one.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
EVERY = 1 if os.environ.get("BACKLIT_CORPUS") == "all" else 10
"""Which of the many programs are tried: all with ``BACKLIT_CORPUS=all``, as ``make soak`` does, or else a tenth."""

_TITLE = re.compile(r"^@@ (\w+) \| (\w+) \| (\w+) \| (\w+)\n", re.MULTILINE)
_HEADER = re.compile(r"^# (equation|mistake|activation|loss): (\S+)$", re.MULTILINE)


def changed(program: str, changes: str) -> str:
    """Return a program with the lines of a diff changed; each change must fit one place of it, and only one."""
    right = program.splitlines()
    lines = list(right)
    for change in changes.split("\n...\n"):
        marked = change.strip("\n").splitlines()
        old = [line[1:] for line in marked if line[0] in " -"]
        new = [line[1:] for line in marked if line[0] in " +"]
        n_places = sum(right[i : i + len(old)] == old for i in range(len(right)))
        if n_places != 1:
            raise ValueError(f"{n_places} places fit, not 1:\n{change}")
        place = next(i for i in range(len(lines)) if lines[i : i + len(old)] == old)
        lines[place : place + len(old)] = new
    return "\n".join(lines) + "\n"


def made_wrong(diff: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each program that a file of mistakes describes."""
    _, *parts = _TITLE.split(diff)
    for base, name, equation, mistake, changes in zip(*(parts[i::5] for i in range(5)), strict=True):
        right = (FOLDER / "right" / f"{base}.py").read_text()
        yield name, f"# equation: {equation}\n# mistake: {mistake}\n{changed(right, changes)}"


def _write_programs() -> Path:
    # as files, since the command grades files, and a finding names the line
    folder = Path(tempfile.mkdtemp(prefix="backlit-corpus-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "wrong").mkdir()
    for path in (FOLDER / "mistakes").glob("*.diff"):
        for name, text in made_wrong(path.read_text()):
            (folder / "wrong" / f"{name}.py").write_text(text)
    return folder


_MADE = _write_programs()
RIGHT = sorted((FOLDER / "right").glob("*.py"))
WRONG = sorted([*(FOLDER / "wrong").glob("*.py"), *(_MADE / "wrong").glob("*.py")], key=lambda path: path.name)


def program(name: str) -> Path:
    """Return the file of a program: ``"right/nielsen"``, ``"wrong/nielsen_sign"``."""
    (path,) = (path for path in (*RIGHT, *WRONG) if f"{path.parent.name}/{path.stem}" == name)
    return path


def header(path: Path) -> dict[str, str]:
    return dict(_HEADER.findall(path.read_text()))


def task(path: Path) -> dict[str, str | list[str]]:
    """Return what to grade a program for; the activations of hidden and output layers are ``tanh,sigmoid``."""
    given = {key: value for key, value in header(path).items() if key in ("activation", "loss")}
    return {key: value.split(",") if "," in value else value for key, value in given.items()}


def load(path: Path):
    """Import a program afresh; the sandbox has tests of its own."""
    spec = importlib.util.spec_from_file_location(f"submission_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    print(program(sys.argv[1]).read_text(), end="")
