"""The code of a notebook: its cells, without what only IPython understands.

What is left out leaves an empty line behind, so that lines keep their numbers. The rules are those of IPython's
``core.inputtransformer2``, as far as a cell without its shell can follow them.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator, Sequence
from typing import Any

from backlit.documents.field import Field, Kind

_RUN_THEIR_CELL = ("time", "capture", "prun")
_RUN_THEIR_LINE = re.compile(r"%(?:time|prun)\s+(?:-\w+\s+)*(.+)", re.DOTALL)
_COMMAND = re.compile(r"[%!?]|[,;/]\s*\w")
_HELP = re.compile(r"[^#'\"]*[\w*\])]\s?\?{1,2}\s*")
_ASSIGNED = re.compile(r"([A-Za-z_][\w., ]*?)\s*=\s*([%!].*)", re.DOTALL)
_PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)")
# magics that IPython also knows without their %, in a cell of one line
_COMMANDS_ALONE = re.compile(r"(?:cd|conda|load_ext|ls|mamba|matplotlib|pip|pwd|uv)\b[^=(\n]*")


def code_cells(source: bytes) -> list[str]:
    """Return the code cells of a notebook, each with a line break at its end.

    Raises
    ------
    ValueError
        If it is no notebook.
    """
    try:
        # not with the strict parser: Jupyter writes NaN into the outputs of a cell, which are of no concern here
        document = json.loads(source)
    except RecursionError as error:
        raise ValueError("the notebook is nested too deeply") from error
    cells = Field(document, "notebook", Kind(ValueError))["cells"].parts()
    texts = [_source(cell["source"]) for cell in cells if cell["cell_type"].text() == "code"]
    return [text if text.endswith("\n") else text + "\n" for text in texts]


def _source(source: Field) -> str:
    # nbformat has both: one text, or its lines
    return source.text() if isinstance(source.value, str) else "".join(source.texts())


def place(cells: Sequence[str], line: int) -> tuple[int, int]:
    """Return the cell and its line, both counted from 1, of a line of all code cells together."""
    for number, cell in enumerate(cells, start=1):
        n_lines = len(cell.splitlines())
        if line <= n_lines or number == len(cells):
            return number, line
        line -= n_lines
    return 1, line


def without_magics(cell: str) -> str:
    """Return a notebook cell without ``%magics``, ``!commands`` and ``help?``.

    ``%time`` and ``%prun`` leave the statement that they run; ``x = !command`` an empty list. A cell that begins with
    ``%%`` is another language or a timing of the cell; it is left out as a whole, unless its magic runs it.
    """
    if _COMMANDS_ALONE.fullmatch(cell.strip()):
        return "\n" * len(cell.splitlines())
    if _is_python(cell):
        return cell  # holds no magic, whatever its comments, strings and remainders look like
    lines = _unindented(cell.splitlines())
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%"):
        name = first[2:].split()[0] if first[2:].split() else ""
        if name not in _RUN_THEIR_CELL:
            return "\n" * len(lines)
        lines[lines.index(first)] = ""
    return "".join(line + "\n" for statement in _statements(lines) for line in _understood(statement))


def _is_python(cell: str) -> bool:
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _unindented(lines: list[str]) -> list[str]:
    first = next((line for line in lines if line.strip()), "")
    if _PROMPT.match(first):
        return [_PROMPT.sub("", line) for line in lines]
    indent = first[: len(first) - len(first.lstrip())]
    return [line.removeprefix(indent) for line in lines]


def _statements(lines: Sequence[str]) -> Iterator[list[str]]:
    """Gather lines that belong together by a bracket, a string, or a backslash."""
    gathered: list[str] = []
    for line in lines:
        gathered.append(line)
        command = _COMMAND.match(gathered[0].strip()) or _ASSIGNED.fullmatch(gathered[0].strip())
        goes_on = line.rstrip().endswith("\\") if command else not _is_complete(gathered)
        if not goes_on:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


def _is_complete(lines: Sequence[str]) -> bool:
    try:
        for _ in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
            pass
    except tokenize.TokenError as error:
        return "EOF" not in str(error) and "unterminated triple-quoted" not in str(error)
    except SyntaxError:
        pass
    return True


def _understood(statement: list[str]) -> list[str]:
    text = "\n".join(statement).strip()
    indent = statement[0][: len(statement[0]) - len(statement[0].lstrip())]
    assigned = _ASSIGNED.fullmatch(text)
    command = assigned[2] if assigned else text
    run = _RUN_THEIR_LINE.fullmatch(command)
    if assigned:
        value = run[1] if run else "[]" if command.startswith("!") else "None"
        kept = f"{assigned[1]} = {value}"
    elif _COMMAND.match(text) or (_HELP.fullmatch(text) and not text.startswith("#")):
        kept = run[1] if run else "pass"
    else:
        return statement
    return [indent + kept, *[""] * (len(statement) - 1 - kept.count("\n"))]


class NoShell:
    """What ``get_ipython()`` gives in a notebook's cells and in scripts made of notebooks: it does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **keywords: None


def shell_names() -> dict[str, Any]:
    """Return the names that IPython puts into every notebook."""
    return {"get_ipython": NoShell, "display": lambda *args, **keywords: None}
