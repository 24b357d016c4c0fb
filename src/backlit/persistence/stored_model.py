"""What a model file holds, and what it must be, whether it is about to be saved or was just read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.core.backpropagation import check_loss_fits
from backlit.core.custom import is_custom
from backlit.core.network import Network
from backlit.documents.strict_json import shown
from backlit.errors import InvalidInputError
from backlit.persistence.model_document import MAX_LAYERS, TASKS


@dataclass(frozen=True, eq=False)
class StoredModel:
    """What a model file holds.

    Attributes
    ----------
    network : Network
        Of NumPy arrays, float32 or float64.
    loss : str
        A registered loss that fits the output activation.
    task : {"classification", "regression"} or None
        None for a bare network.
    classes : tuple of str, int, float or bool, or None
        For classification: class k belongs to output k; with a single sigmoid output, there are two.
    encoder : dict or None
        How a table becomes a matrix (``TableEncoder.to_dict()``). Any JSON object, like the next two.
    target : dict or None
        Name and scaling of what is predicted.
    training : dict or None
        Hyperparameters and final figures. No times and no paths, so that equal models give equal files.
    others : tuple of Network
        Members beside the network, of the same sizes and activations.
    """

    network: Network
    loss: str
    task: str | None = None
    classes: tuple[str | int | float | bool, ...] | None = None
    encoder: dict[str, Any] | None = None
    target: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    others: tuple[Network, ...] = ()

    @property
    def networks(self) -> tuple[Network, ...]:
        """All members, of which there is one as a rule."""
        return self.network, *self.others


def check_model(model: StoredModel) -> None:
    """Raise an `InvalidInputError` that names the field, if a model contradicts itself or a file could not hold it."""
    network = model.network
    if len(network.sizes) > MAX_LAYERS:
        raise InvalidInputError(
            f"The network has {len(network.sizes)} layers; a model file holds at most {MAX_LAYERS}."
        )
    custom = [name for name in (*network.activations, model.loss) if is_custom(name)]
    if custom:
        raise InvalidInputError(
            f"A model file holds numbers and names, and no functions such as those of {', '.join(map(repr, custom))}. "
            "Pickle the estimator, or save the network with built-in ones and put yours in after loading."
        )
    for member in model.networks:
        _check_arrays(member)
        parts = [(each.sizes, each.activations, each.dtype, getattr(each, "columns", ())) for each in (member, network)]
        if parts[0] != parts[1]:
            raise InvalidInputError("All members must have the same sizes, activations and dtype.")
    check_loss_fits(network, model.loss)
    if model.task not in (*TASKS, None):
        raise InvalidInputError(f"task must be one of {', '.join(TASKS)} or None, but is {shown(model.task)}.")
    _check_classes(model)
    for field in ("encoder", "target", "training"):
        value = getattr(model, field)
        if value is not None and type(value) is not dict:
            raise InvalidInputError(f"{field} must be a dict or None, but is {shown(value)}.")


def _check_arrays(network: Network) -> None:
    for i, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        for name, array in (("weights", w), ("biases", b)):
            if not isinstance(array, np.ndarray):
                raise InvalidInputError(
                    f"{name}[{i}] is a {type(array).__name__}; a model file is written from NumPy arrays. "
                    "Convert the network's arrays with numpy.asarray."
                )
            if not np.isfinite(array).all():
                raise InvalidInputError(
                    f"The {name} of layer {i + 2} hold NaN or ∞ (layers count from 1, the input). "
                    "Train again with a smaller learning rate."
                )


def _check_classes(model: StoredModel) -> None:
    classes = model.classes
    if (classes is not None) != (model.task == "classification"):
        wanted = "needs its classes" if classes is None else "has no classes"
        raise InvalidInputError(f"classes is {shown(classes)}, but a model with task {model.task!r} {wanted}.")
    if classes is None:
        return
    if type(classes) is not tuple:
        raise InvalidInputError(f"classes must be a tuple, but is {shown(classes)}.")
    kinds = {type(label) for label in classes}
    if len(kinds) != 1 or not kinds <= {str, int, float, bool}:
        raise InvalidInputError(
            "classes must be all str, all int, all float or all bool (Python's, as numpy's tolist() gives them), "
            f"but is {shown(classes)}."
        )
    if len(set(classes)) != len(classes):
        raise InvalidInputError(f"classes holds a class twice: {shown(classes)}.")
    if kinds == {int} and not all(-(2**63) <= int(label) < 2**64 for label in classes):
        raise InvalidInputError(f"classes holds a number that needs more than 64 bits: {shown(classes)}.")
    n_out, output_activation = model.network.sizes[-1], model.network.activations[-1]
    if len(classes) != n_out and not (len(classes) == 2 and n_out == 1 and output_activation == "sigmoid"):
        raise InvalidInputError(
            f"classes has {len(classes)} entries, but the output layer has {n_out} {output_activation} neurons: there "
            "must be one neuron for each class, or one sigmoid neuron for two classes."
        )
