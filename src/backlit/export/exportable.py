"""What every format knows of a model: the encoder before the network, the network, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from backlit.core.activations import ACTIVATIONS
from backlit.core.custom import is_custom
from backlit.core.embedded_network import EmbeddedNetwork, apart
from backlit.core.network import Network
from backlit.data.encoding import TableEncoding
from backlit.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class ClassHead:
    """The outputs stand for classes.

    Attributes
    ----------
    classes : ndarray, ``(n_classes,)``
        In the order of the outputs; for multi-label problems the numbers of the labels.
    kind : {"constant", "binary", "multiclass", "multilabel"}
        "constant" has a single class; in "multilabel" each label applies or not.
    one_output : bool
        Whether one output tells the second of two classes from the first, rather than one output a class.
    """

    classes: NDArray[Any]
    kind: Literal["constant", "binary", "multiclass", "multilabel"]
    one_output: bool


@dataclass(frozen=True)
class NumberHead:
    """The outputs are numbers.

    Attributes
    ----------
    dtype : str
        Of the predictions.
    scale : (mean, scale) or None
        A prediction is ``a · scale + mean``.
    range : (least, most) or None
        And no less and no more than these.
    """

    dtype: str
    scale: tuple[float, float] | None = None
    range: tuple[float, float] | None = None


Head: TypeAlias = ClassHead | NumberHead


@dataclass(frozen=True, eq=False)
class Exportable:
    """A model, to be written down in any format.

    Attributes
    ----------
    network : Network
        Or an `EmbeddedNetwork`.
    title : str
        What it is, for people.
    head : ClassHead, NumberHead or None
        None for a bare network, whose outputs are a^L.
    encoder : TableEncoding or None
        From a table's columns to the features; None where the network takes the features themselves.
    feature_names : sequence of str
        Where there is no encoder and the features have names; else empty.
    """

    network: Network | EmbeddedNetwork
    title: str
    head: Head | None = None
    encoder: TableEncoding | None = None
    feature_names: Sequence[str] = ()


def exportable_of(model: Any) -> Exportable:
    """Return the description of a model: of a bare network, or what the model's own `__exportable__` gives.

    Raises
    ------
    InvalidInputError
        For anything else, and for a network with a custom activation.
    """
    if isinstance(model, Network | EmbeddedNetwork):
        exportable = Exportable(model, "A network of backlit")
    elif hasattr(model, "__exportable__"):
        exportable = model.__exportable__()
    else:
        raise InvalidInputError(
            "A Network, a fitted estimator of backlit or a TableModel can be exported, but a "
            f"{type(model).__name__} came. Of a pipeline, export its last step."
        )
    for activation in exportable.network.activations:
        if is_custom(activation):
            raise InvalidInputError(
                f"The activation {activation!r} is a function of your own, which no other program knows. "
                f"Train with one of these to export the model: {', '.join(ACTIVATIONS)}."
            )
    return exportable


def without_embeddings(exportable: Exportable, format: str) -> Network:
    """Return the network of a model, or raise where it has embeddings, which a format does not know."""
    network, _ = apart(exportable.network)
    if network.sizes != exportable.network.sizes:
        raise InvalidInputError(
            f"{format} has no embeddings yet. Export the model as ONNX, or train it without embedding and embed_above."
        )
    return network


def label_texts(classes: NDArray[Any]) -> list[str]:
    """Return classes as people read them."""
    return [str(label) for label in classes]
