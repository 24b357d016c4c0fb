"""The model file: a network, and what is needed to use it, in one ``.safetensors`` file.

The tensors are ``weights.0``, ``biases.0``, ``weights.1``, …, and of further members of an ensemble
``members.1.weights.0``, …. Everything else is one JSON document under the key ``backlit`` of the file's metadata. Equal
models give equal bytes. Opening a file executes nothing, and a file that contradicts itself anywhere is refused with a
`ModelFileError` that names the field.
"""

from __future__ import annotations

import difflib
import errno
import os
import stat
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from backlit.core.backpropagation import check_loss_fits
from backlit.core.custom import is_custom
from backlit.core.network import Network
from backlit.documents import strict_json
from backlit.documents.strict_json import shown
from backlit.errors import InvalidInputError, ModelFileError
from backlit.persistence import container
from backlit.persistence.atomic import StrPath, atomic_write
from backlit.persistence.model_document import (
    ABOUT_THE_MODEL,
    FORMAT,
    MAX_LAYERS,
    TASKS,
    VERSION,
    read_document,
)

_METADATA_KEY = "backlit"
_MAX_SUGGESTIONS = 5


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


def save_model(path: StrPath, model: StoredModel) -> None:
    """Write a model file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    model : StoredModel

    Raises
    ------
    InvalidInputError
        If the model contradicts itself, is not finite, or holds what JSON cannot hold exactly.
    OutputError
        If the file cannot be written.
    """
    _check_model(model)
    network = model.network
    document = {
        "format": FORMAT,
        "version": VERSION,
        "library": library_version(),
        "sizes": list(network.sizes),
        "activations": list(network.activations),
        "loss": check_loss_fits(network, model.loss),
        "dtype": network.dtype,
        **{field: getattr(model, field) for field in ABOUT_THE_MODEL},
        **({"members": len(model.networks)} if model.others else {}),
    }
    tensors: dict[str, NDArray[Any]] = {}
    for m, member in enumerate(model.networks):
        for i, (w, b) in enumerate(zip(member.weights, member.biases, strict=True)):
            tensors |= {f"{_prefix(m)}weights.{i}": w, f"{_prefix(m)}biases.{i}": b}
    encoded = container.encode(tensors, {_METADATA_KEY: strict_json.dump(document)})
    if container.header_bytes(encoded) > container.MAX_HEADER_BYTES:
        raise InvalidInputError(
            f"The encoder, target and training of the model take {container.header_bytes(encoded)} bytes, but a "
            f"model file has room for {container.MAX_HEADER_BYTES}. Leave out the largest (a column of many values?)."
        )
    with atomic_write(path) as file:
        file.write(encoded)


def load_model(path: StrPath) -> StoredModel:
    """Read a model file, trusting nothing in it.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    StoredModel
        Its arrays are writable and belong to nobody else.

    Raises
    ------
    ModelFileError
        If there is no such file, or anything in it is not as it must be.
    """
    name = os.fsdecode(path)
    try:
        _check_is_file(name)
        with Path(name).open("rb") as file:
            return _read(file)
    except OSError as error:
        raise ModelFileError(f"Cannot read the model file {name!r}: {error.strerror or error}.") from error
    except InvalidInputError as error:
        raise ModelFileError(f"Cannot use the model file {name!r}: {error}") from error


def save_network(path: StrPath, network: Network, loss: str = "quadratic") -> None:
    """Write a bare network as a model file.

    Parameters
    ----------
    path : str or path-like
    network : Network
    loss : str, default "quadratic"
        The loss it was or will be trained with.
    """
    save_model(path, StoredModel(network, loss))


def load_network(path: StrPath) -> Network:
    """Return the network of any model file.

    Parameters
    ----------
    path : str or path-like
    """
    return load_model(path).network


def _read(file: BinaryIO) -> StoredModel:
    header = container.read_header(file)
    if _METADATA_KEY not in header.metadata:
        raise ModelFileError(
            f"it was not written by backlit: its metadata has no key {_METADATA_KEY!r}, so activations and loss are "
            "unknown. Build a Network from its arrays and save that."
        )
    if len(header.metadata) > 1:
        raise ModelFileError(
            f"its metadata must have the one key {_METADATA_KEY!r}, but has {shown([*header.metadata])}."
        )
    document = read_document(header.metadata[_METADATA_KEY])
    sizes, dtype = document["sizes"], document["dtype"]
    n_matrices = len(sizes) - 1
    prefixes = [_prefix(m) for m in range(document.get("members", 1))]
    shapes: dict[str, tuple[int, ...]] = {}
    for prefix in prefixes:
        shapes |= {f"{prefix}weights.{i}": (sizes[i + 1], sizes[i]) for i in range(n_matrices)}
        shapes |= {f"{prefix}biases.{i}": (sizes[i + 1],) for i in range(n_matrices)}
    tensors = container.read_tensors(file, header, dtype, shapes)

    def network(prefix: str) -> Network:
        return Network(
            tuple(tensors[f"{prefix}weights.{i}"] for i in range(n_matrices)),
            tuple(tensors[f"{prefix}biases.{i}"] for i in range(n_matrices)),
            tuple(document["activations"]),
        )

    model = StoredModel(
        network=network(""),
        others=tuple(network(prefix) for prefix in prefixes[1:]),
        loss=document["loss"],
        task=document["task"],
        classes=None if document["classes"] is None else tuple(document["classes"]),
        encoder=document["encoder"],
        target=document["target"],
        training=document["training"],
    )
    _check_model(model)
    return model


# What a model must be, whether it is about to be saved or was just read.


def _check_model(model: StoredModel) -> None:
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
        if (member.sizes, member.activations, member.dtype) != (network.sizes, network.activations, network.dtype):
            raise InvalidInputError("All members must have the same sizes, activations and dtype.")
    check_loss_fits(network, model.loss)
    if model.task not in (*TASKS, None):
        raise InvalidInputError(f"task must be one of {', '.join(TASKS)} or None, but is {shown(model.task)}.")
    _check_classes(model)
    for field in ("encoder", "target", "training"):
        value = getattr(model, field)
        if value is not None and type(value) is not dict:
            raise InvalidInputError(f"{field} must be a dict or None, but is {shown(value)}.")


def _prefix(m: int) -> str:
    # of the tensors of a member, counted from 0
    return f"members.{m}." if m else ""


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


def _check_is_file(name: str) -> None:
    if not name or "\0" in name:
        raise OSError(errno.EINVAL, "a path cannot be empty or hold a NUL character")
    path = Path(name)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        _refuse_missing(path)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "it is a folder. Give the name of a file in it")
    # Opening a pipe would wait for its writer, and a device has no size to compare the header with.
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device. Give the name of a file")


def _refuse_missing(path: Path) -> NoReturn:
    if not path.parent.is_dir():
        raise OSError(errno.ENOENT, f"there is no folder {str(path.parent)!r}")
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=_MAX_SUGGESTIONS, cutoff=0.6)
    near = near or [name for name in names if name.endswith(".safetensors")][:_MAX_SUGGESTIONS]
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise OSError(errno.ENOENT, f"there is no such file.{hint}")


@cache
def library_version() -> str:
    """Return the version of backlit that is installed."""
    try:
        return metadata.version("backlit")
    except metadata.PackageNotFoundError:
        return "unknown"
