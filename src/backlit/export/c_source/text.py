"""Numbers, names and arrays as C text; whatever a name holds, it stays inside its quotes or comment."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import InvalidInputError

_MOST_CHARACTERS = 120
_WIDTH = 100


def float_literal(value: float) -> str:
    """Return a float32 number with all its digits, such as ``0.1f``.

    Raises
    ------
    InvalidInputError
        If it is NaN, infinite or too large for a float32.
    """
    with np.errstate(over="ignore"):
        number = np.float32(value)
    if not np.isfinite(number):
        raise InvalidInputError(
            f"The model holds the number {value:g}, but the C code has float32 alone, which ends at 3.4e38. "
            "Train it on numbers of another unit."
        )
    return f"{number!s}f"


def array(name: str, values: NDArray[Any]) -> str:
    """Return the definition of a constant array of float32, row after row of a matrix.

    Parameters
    ----------
    name : str
    values : ndarray, ``(n,)`` or ``(n_rows, n_columns)``
    """
    rows = [_wrapped(", ".join(map(float_literal, row))) for row in values.reshape(-1, values.shape[-1])]
    body = ",\n".join(rows)
    return f"static const float {name}[{values.size}] = {{\n{body}\n}};"


def comment_name(name: object) -> str:
    """Return a name in quotes, as a comment can hold it: ASCII, one line, and neither ends nor opens a comment."""
    quoted = json.dumps(_shortened(name))
    for pair in ("*/", "/*"):
        quoted = quoted.replace(pair, f"{pair[0]} {pair[1]}")
    return quoted


def comment(lines: Iterable[str]) -> str:
    """Return lines, in which names stand as `comment_name` gives them, as a comment."""
    return "\n".join(["/*", *(f" * {line}".rstrip() for line in lines), " */"])


def string_literal(name: object) -> str:
    """Return a name as a C string in UTF-8."""
    characters = []
    whole = _shortened(name).replace("\0", "\ufffd")  # which would end the string
    for byte in whole.encode("utf-8", "backslashreplace"):
        plain = 0x20 <= byte < 0x7F and chr(byte) not in '"\\?'
        characters.append(chr(byte) if plain else f"\\{byte:03o}")
    return f'"{"".join(characters)}"'


def _shortened(name: object) -> str:
    text = str(name)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."


def _wrapped(row: str) -> str:
    return textwrap.fill(row, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
