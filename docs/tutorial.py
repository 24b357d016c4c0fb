"""Run the commands of docs/see-through-it.md and write what they print below them.

A block that begins with ```console holds commands, each after a "$ ", and what they print to standard output. They run
one after the other in a folder with the files of docs/see-through-it; a picture that they draw goes there. What
`backlit grade` notes of the walls that this machine has is left out: it is another on each.

    python docs/tutorial.py            # write
    python docs/tutorial.py --check    # fail if a command prints something else

In a block that begins with ```console about, numbers may differ by some per cent: another processor adds in another
order, and training carries that on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "see-through-it.md"
FILES = DOCS / "see-through-it"

BLOCK = re.compile(r"^```console( about)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[−-]?\d[\d,]*(?:\.\d+)?(?:e[−+-]?\d+)?")
NOTES = re.compile(r"\n+ *Note: .*?(?=\n\n|\Z)", re.DOTALL)
SHARE_ABOUT = 0.05
LARGEST_EXIT_CODE = 1
"""`backlit grade` ends with 1 where something is wrong; more is a command that did not work."""


def commands(block: str) -> Iterator[str]:
    """Yield the commands of a block; one that ends in a backslash goes on in the next line."""
    lines = iter(block.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line
            while command.endswith("\\"):
                command += "\n" + next(lines)
            yield command.removeprefix("$ ")


def run(command: str, folder: Path) -> str:
    """Run a command and return what it prints to standard output."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
    # in a pipe the exit code is that of the last command
    if done.returncode > LARGEST_EXIT_CODE or re.search("^Error: ", done.stderr, re.MULTILINE):
        raise SystemExit(f"{command!r} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return "\n".join(line.rstrip() for line in NOTES.sub("", done.stdout.strip("\n")).splitlines())


def written(page: str, folder: Path) -> str:
    """Return the page with what its commands print."""

    def with_outputs(match: re.Match[str]) -> str:
        parts = [f"$ {command}\n{run(command, folder)}".rstrip() for command in commands(match[2])]
        return f"```console{match[1] or ''}\n" + "\n".join(parts) + "\n```"

    return BLOCK.sub(with_outputs, page)


def agrees(stands: str, came: str, *, about: bool = False) -> bool:
    """Whether what stands on the page is what came; with `about`, numbers may differ by some per cent."""
    if not about:
        return stands == came
    stands, came = (text.replace("<1 %", "0 %") for text in (stands, came))
    # columns are as wide as their numbers
    words, other_words = (re.sub(r"\s+", " ", NUMBER.sub("#", text)) for text in (stands, came))
    pairs = zip(_numbers(stands), _numbers(came), strict=False)
    return words == other_words and all(_is_about(*pair) for pair in pairs)


def _numbers(text: str) -> list[tuple[float, bool]]:
    """Return each number, and whether it is a percentage."""
    found = NUMBER.finditer(text)
    return [
        (float(match[0].replace("−", "-").replace(",", "")), text[match.end() :].startswith(" %")) for match in found
    ]


def _is_about(stands: tuple[float, bool], came: tuple[float, bool]) -> bool:
    (a, is_share), (b, _) = stands, came
    return abs(a - b) <= max(SHARE_ABOUT * max(abs(a), abs(b)), 100 * SHARE_ABOUT if is_share else 0.0)


def differences(stands: str, came: str) -> Iterator[str]:
    """Yield the blocks of the page that do not agree with what came."""
    for old, new in zip(BLOCK.finditer(stands), BLOCK.finditer(came), strict=True):
        if not agrees(old[2], new[2], about=old[1] is not None):
            yield f"It stands:\n{old[2]}\nIt prints:\n{new[2]}"


def main() -> None:
    """Write the page and its pictures, or check them."""
    page = PAGE.read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(FILES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.svg"))
        came = written(page, folder)
        pictures = {path.name: path.read_text() for path in folder.glob("*.svg")}
    if "--check" not in sys.argv:
        PAGE.write_text(came)
        for name, picture in pictures.items():
            (FILES / name).write_text(picture)
        print(f"Wrote docs/{PAGE.name} and {len(pictures)} pictures.")
        return
    wrong = list(differences(page, came))
    wrong += [name for name, picture in pictures.items() if not agrees((FILES / name).read_text(), picture, about=True)]
    if wrong:
        raise SystemExit("\n\n".join([f"docs/{PAGE.name} is not up to date: run make docs", *wrong]))


if __name__ == "__main__":
    main()
