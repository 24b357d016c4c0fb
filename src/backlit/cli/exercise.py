"""Reading JSON files: a network typed in by hand, for `--network`, and an explanation, for `--from`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from backlit.explanation.exercise import Exercise
    from backlit.explanation.explanation import Explanation

ExerciseFile = Annotated[
    Path | None,
    typer.Option(
        "--network",
        help="Instead of MODEL and FILE, a .json file: sizes, weights, biases, activation, loss, x, y, learning_rate.",
        show_default=False,
    ),
]

_LARGEST = 256 * 2**20


def check_sources(model: Path | None, file: Path | None, network: Path | None) -> None:
    """Raise unless there is either a model with a table, or a network typed in by hand."""
    if network is not None and model is not None:
        raise typer.BadParameter("give either MODEL and FILE, or --network, not both.", param_hint="--network")
    if network is None and (model is None or file is None):
        lacking = "MODEL and FILE" if model is None else "FILE, the table"
        raise typer.BadParameter(f"give {lacking}, or a network typed in by hand with --network.", param_hint="MODEL")


def read_exercise(path: Path) -> Exercise:
    """Return the exercise that a JSON file holds.

    Raises
    ------
    DataError
        If there is no such file, it is not JSON, or a key is missing or wrong; names the key.
    """
    from backlit.documents import strict_json
    from backlit.errors import DataError, InvalidInputError
    from backlit.explanation.exercise import Exercise

    text = _read_json(path)
    try:
        return Exercise.from_dict(strict_json.parse(text))
    except InvalidInputError as error:
        raise DataError(f"Cannot use the exercise in {str(path)!r}: {error}") from error


def read_explanation(path: Path) -> Explanation:
    """Return the explanation that a JSON file holds.

    Raises
    ------
    DataError
        If there is no such file, or it holds no explanation; names the field.
    """
    from backlit.errors import DataError, InvalidInputError
    from backlit.explanation import Explanation

    text = _read_json(path)
    try:
        return Explanation.from_json(text)
    except InvalidInputError as error:
        raise DataError(f"Cannot use {str(path)!r}: {error}") from error


def _read_json(path: Path) -> str:
    from backlit.errors import DataError

    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{str(path)!r} has more than 256 MB. Save a large network as a model.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot read {str(path)!r}: {error.strerror}. Give the path of a .json file.") from error
    except UnicodeDecodeError:
        raise DataError(f"{str(path)!r} is not UTF-8 text. Save it as JSON in UTF-8.") from None
