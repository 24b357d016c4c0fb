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
    members      how many networks there are, where it is not one
    embedding    where inputs have one: of numbers its kind, and which inputs (columns), counted from 0; of categories,
                 where there are any, the first input and the one behind the last
    parametric   true where each hidden neuron has an α
"""

from __future__ import annotations

from typing import Any

from backlit.core.activations import ACTIVATIONS
from backlit.core.embedding import EMBEDDINGS
from backlit.core.losses import LOSSES, loss_name
from backlit.documents.field import MODEL, Field, read
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.persistence import container

FORMAT = "backlit-model"
VERSION = 1
TASKS = ("classification", "regression")
ABOUT_THE_MODEL = ("task", "classes", "encoder", "target", "training")
MAX_LAYERS = 10_000
MAX_MEMBERS = 10_000

_FIELDS = ("format", "version", "library", "sizes", "activations", "loss", "dtype", *ABOUT_THE_MODEL)
_MAX_SIZE = 2**63 - 1


def read_document(text: str) -> dict[str, Any]:
    """Return the document, or raise a ModelFileError unless every field is there and is of the right kind."""
    document: dict[str, Any] = read(text, "the metadata 'backlit'", MODEL).object()
    top = Field(document, "", MODEL)
    top.header(FORMAT, VERSION)
    fields = top.fields(*_FIELDS, members=1, embedding=None, parametric=None)
    fields["members"].whole(1, MAX_MEMBERS)
    fields["library"].text()
    sizes = fields["sizes"].parts(least=2, most=MAX_LAYERS)
    for size in sizes:
        size.whole(1, _MAX_SIZE)
    if not fields["embedding"].is_null:
        embedding = fields["embedding"].fields("kind", "columns", categories=[])
        embedding["kind"].one_of(*EMBEDDINGS)
        categories = embedding["categories"].parts()
        for column in embedding["columns"].parts(least=0 if categories else 1):
            column.whole(0, sizes[0].value - 1)
        for category in categories:
            begin, end = category.parts(2)
            end.whole(begin.whole(0, sizes[0].value - 1) + 1, sizes[0].value)
    if not fields["parametric"].is_null:
        fields["parametric"].one_of(True)
    for activation in fields["activations"].parts(len(sizes) - 1):  # every layer but the input has one
        activation.one_of(*ACTIVATIONS)
    _check_loss(fields["loss"])
    fields["dtype"].one_of(*container.DTYPES)
    fields["task"].one_of(*TASKS, None)
    if not fields["classes"].is_null:
        fields["classes"].parts()
    for name in ("encoder", "target", "training"):
        if not fields[name].is_null:
            fields[name].object()
    return document


def _check_loss(field: Field) -> None:
    # the full name alone: an alias would make two files of one model
    try:
        if loss_name(field.text()) == field.value:
            return
    except (InvalidInputError, UnknownNameError):
        pass
    field.refuse(f"one of {', '.join(LOSSES)}, with a parameter in brackets where it is not the default")
