"""What divides the cells of a line of text: a separator, or runs of blanks that align columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from backlit.data.formats.beginning import find_beginning, is_number
from backlit.errors import DataError

CANDIDATES = (",", ";", "\t", "|")
_SPOKEN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "blank"}
_LINES, _BYTES = 50, 65_536


@dataclass(frozen=True)
class Division:
    """How lines are divided, as their beginning tells.

    Attributes
    ----------
    separator : str
        A blank stands for a run of blanks and tabs.
    beginning : int
        Lines before the header, blank ones among them.
    """

    separator: str
    beginning: int = 0


def find_division(
    data: bytes,
    path: object,
    separator: str | None,
    default: str,
    n_names: int | None = None,
    comment: str | None = None,
) -> Division:
    """Find what divides the cells, and where the table begins.

    Parameters
    ----------
    data : bytes
        UTF-8.
    path : object
        What messages call the file.
    separator : str or None
        What the user said; None: `default`, or, where that finds a single column, whichever of ``, ; tab |`` or runs of
        blanks divides all lines alike.
    default : str
        The separator that goes with the file's extension.
    n_names : int, optional
        Columns of a file without a header line, if their names were given.
    comment : str, optional
        Lines that begin with it do not count.
    """
    if separator is not None and (len(separator) != 1 or not separator.isascii() or separator in '"\r\n'):
        raise DataError(f"A separator is one ASCII character other than a quote or line break, not {separator!r}.")
    chosen = separator or default
    lines = data[:_BYTES].decode("utf-8", "ignore").split("\n")
    whole = len(lines) if len(data) <= _BYTES else len(lines) - 1  # the last may be cut
    lines = lines[: min(_LINES, max(whole, 1))]
    if comment:
        lines = ["" if line.lstrip().startswith(comment) else line for line in lines]
    if n_names is not None:
        return _division_of_named(lines, chosen, separator, n_names)
    first = next((row for row in split_lines(lines, chosen) if row), [])
    # Where the usual separator divides the first line, blanks are those of words.
    others = [*CANDIDATES, *([" "] if len(first) < 2 else [])]
    if separator is None:
        # Of several ways the one that has to leave out no lines, or the fewest.
        divisions = [_division(lines, each) for each in (chosen, *others)]
        return min((each for each in divisions if each), key=lambda each: each.beginning, default=Division(chosen))
    if len(first) == 1:
        for each in others:
            if each != separator and (other := _division(lines, each)):
                n = len(split_lines(lines, each)[other.beginning])
                raise DataError(
                    f"{path} has one column when divided at {spoken(separator)}, but {n} when divided at "
                    f"{spoken(each)}. Give separator={each!r}, or none: it is then found."
                )
    return _division(lines, separator) or Division(separator)


def _division(lines: list[str], separator: str) -> Division | None:
    rows = _without_last_empty(split_lines(lines, separator))
    beginning = find_beginning(rows)
    filled = [row for row in rows if row]
    longer = {len(row) for row in filled[1:]} == {len(filled[0]) + 1} if filled else False
    if beginning is None and longer and len(filled[0]) > 1:
        beginning = rows.index(filled[0])  # a header that lacks the name above the names of rows
    if beginning is None or (separator == " " and not _aligned(lines, rows[beginning:])):
        return None
    return Division(separator, beginning)


def spoken(separator: str) -> str:
    """Name a separator in a sentence."""
    return f"each {_SPOKEN.get(separator, repr(separator))}"


def split_lines(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Return the cells of each line; those of a blank line are none."""
    if separator == " ":
        lines = [line.strip(" \t\r").replace("\t", " ") for line in lines]
    rows: list[list[str]] = []
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    for row in reader:
        # A cell may go on over several lines; rows keep the places of the lines they begin on.
        rows += [row if any(row[:1]) or len(row) > 1 else [], *([[]] * (reader.line_num - len(rows) - 1))]
    return rows


def without_runs_of_blanks(data: bytes) -> bytes:
    """Return lines whose columns are aligned by blanks with one blank between cells."""
    if b'"' not in data:
        return re.sub(rb"(?m)^ +| +$", b"", re.sub(rb"[ \t\r]+", b" ", data))
    text = "\n".join(line.strip(" \t\r").replace("\t", " ") for line in data.decode("utf-8").split("\n"))
    return rewritten(csv.reader(io.StringIO(text, newline=""), delimiter=" ", skipinitialspace=True), " ")


def without_blanks_before_quotes(data: bytes, separator: str) -> bytes:
    """Return ``1, "a, b"`` as ``1,"a, b"``: neither polars nor RFC 4180 takes the blank for a part of the separator."""
    text = io.StringIO(data.decode("utf-8"), newline="")
    return rewritten(csv.reader(text, delimiter=separator, skipinitialspace=True), separator)


def with_doubled_quotes(data: bytes, separator: str) -> bytes:
    r"""Return text with ``""`` where it has ``\"``, as MySQL and Spark write a quote mark inside a cell.

    In ``"C:\new\",2`` the backslash is the cell's own: what can be read as it stands is left so.
    """
    if b'"' not in data or b'\\"' not in data or _is_regular(data, separator):
        return data
    doubled = re.sub(rb'(?<!\\)((?:\\\\)*)\\"', rb'\1""', data)
    return doubled if _is_regular(doubled, separator) else data


def rewritten(rows: object, separator: str) -> bytes:
    """Return cells as text again, quoted where that is needed."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().rstrip("\n").encode("utf-8")


def _is_regular(data: bytes, separator: str) -> bool:
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=separator, strict=True)
        return len({len(row) for row in reader if row}) == 1
    except csv.Error:
        return False


def _division_of_named(lines: list[str], chosen: str, separator: str | None, n_names: int) -> Division:
    # Names say how many columns there are, and there is no header to look for.
    for candidate in [chosen] if separator else [chosen, *CANDIDATES, " "]:
        if {len(row) for row in _without_last_empty(split_lines(lines, candidate)) if row} == {n_names}:
            return Division(candidate)
    return Division(chosen)


def _without_last_empty(rows: list[list[str]]) -> list[list[str]]:
    # `1,2,`: a separator at the end of every line ends the last cell, and begins none.
    longest = max(map(len, rows), default=0)
    if longest < 2 or any(row[-1].strip() for row in rows if len(row) == longest):
        return rows
    return [row[:-1] if len(row) == longest else row for row in rows]


def _aligned(lines: list[str], rows: list[list[str]]) -> bool:
    # Words of a single column of text are divided by blanks, too: `full name` above `Jane Doe`.
    if any("  " in line.strip() for line in lines):
        return True
    body = [row for row in rows[1:] if row]
    return any(all(is_number(row[j]) for row in body) for j in range(len(rows[0])) if body)
