"""The JSON document of a model file, field by field.

::

    format       "backlit-model"
    version      1; grows when an older backlit would misread the file
    library      version of the backlit that wrote it
    sizes        neurons of each layer, input included
    activations  one name for each layer but the input
    loss         full name of a loss that fits the last activation: "huber", "quantile(0.9)"
    dtype        "float32" or "float64", of all tensors
    task         "classification", "regression" or null
    classes      list or null
    encoder      object or null
    target       object or null
    training     object or null
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container
from typing import Any

from backlit.core.activations import ACTIVATIONS
from backlit.core.losses import LOSSES, loss_name
from backlit.documents.strict_json import shown
from backlit.errors import InvalidInputError, ModelFileError, UnknownNameError
from backlit.persistence import container

FORMAT = "backlit-model"
VERSION = 1
TASKS = ("classification", "regression")
ABOUT_THE_MODEL = ("task", "classes", "encoder", "target", "training")
MAX_LAYERS = 10_000

_MAX_SIZE = 2**63 - 1


def check_document(document: dict[str, Any]) -> None:
    """Raise a ModelFileError that names the field, unless every field is there and is of the right kind."""
    if document.get("format") != FORMAT:
        raise ModelFileError(f"format must be {FORMAT!r}, but is {shown(document.get('format'))}.")
    # The version comes before the keys: a newer one may have other keys.
    version = document.get("version")
    if type(version) is int and version > VERSION:
        raise ModelFileError(
            f"it was written by a newer backlit ({shown(document.get('library'))}, file version {shown(version)}; this "
            f"one reads version {VERSION}). Upgrade: pip install --upgrade backlit"
        )
    if version != VERSION:
        raise ModelFileError(f"version must be {VERSION}, but is {shown(version)}.")
    for key in document:
        if key not in _FIELDS:
            raise ModelFileError(f"there is an unknown field {shown(key)}.")
    for field, problem in _FIELDS.items():
        if field not in document:
            raise ModelFileError(f"the field {field} is missing.")
        what = problem(document[field])
        if what:
            raise ModelFileError(f"{field} must be {what}, but is {shown(document[field])}.")
    n_layers, n_activations = len(document["sizes"]), len(document["activations"])
    if n_activations != n_layers - 1:
        raise ModelFileError(
            f"activations has {n_activations} entries, but sizes has {n_layers}: every layer but the input has one."
        )


def _sizes_problem(value: object) -> str | None:
    if type(value) is not list or not all(type(size) is int and 0 < size <= _MAX_SIZE for size in value):
        return "a list of positive whole numbers"
    return None if 2 <= len(value) <= MAX_LAYERS else f"of 2 to {MAX_LAYERS} layers"


def _activations_problem(value: object) -> str | None:
    if type(value) is list and all(is_one_of(name, ACTIVATIONS) for name in value):
        return None
    return f"a list of {', '.join(ACTIVATIONS)}"


def _loss_problem(value: object) -> str | None:
    # the full name alone: an alias would make two files of one model
    try:
        if type(value) is str and loss_name(value) == value:
            return None
    except (InvalidInputError, UnknownNameError):
        pass
    return f"one of {', '.join(LOSSES)}, with a parameter in brackets where it is not the default"


def is_one_of(value: object, names: Container[str]) -> bool:
    """Whether a value of any type is one of these names."""
    return type(value) is str and value in names


def _choice(names: Collection[str]) -> Callable[[object], str | None]:
    return lambda value: None if is_one_of(value, names) else f"one of {', '.join(names)}"


def _kind(kind: type, what: str) -> Callable[[object], str | None]:
    return lambda value: None if type(value) is kind else what


def _or_null(problem: Callable[[object], str | None]) -> Callable[[object], str | None]:
    return lambda value: None if value is None or not problem(value) else f"{problem(value)} or null"


# field → what is wrong with a value: "must be …"; None if nothing
_FIELDS: dict[str, Callable[[object], str | None]] = {
    "format": _choice([FORMAT]),
    "version": _kind(int, "a whole number"),
    "library": _kind(str, "text"),
    "sizes": _sizes_problem,
    "activations": _activations_problem,
    "loss": _loss_problem,
    "dtype": _choice(container.DTYPES),
    "task": _or_null(_choice(TASKS)),
    "classes": _or_null(_kind(list, "a list")),
    "encoder": _or_null(_kind(dict, "a JSON object")),
    "target": _or_null(_kind(dict, "a JSON object")),
    "training": _or_null(_kind(dict, "a JSON object")),
}
