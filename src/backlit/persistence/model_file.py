"""The model file: a network, and what is needed to use it, in one ``.safetensors`` file.

The tensors are ``weights.0``, ``biases.0``, ``weights.1``, …, those of embeddings behind those of all layers, and of
further members of an ensemble ``members.1.weights.0``, …. Everything else is one JSON document under the key
``backlit`` of the file's metadata. Equal models give equal bytes. Opening a file executes nothing, and a file that
contradicts itself anywhere is refused with a `ModelFileError` that names the field.
"""

from __future__ import annotations

import difflib
import errno
import os
import stat
from dataclasses import replace
from functools import cache
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from numpy.typing import NDArray

from backlit.core.backpropagation import check_loss_fits
from backlit.core.embedded import Embedded
from backlit.core.embedded_network import EmbeddedNetwork, with_alphas_beside
from backlit.core.embedding import EMBEDDINGS
from backlit.core.network import Network
from backlit.documents import strict_json
from backlit.documents.strict_json import shown
from backlit.errors import InvalidInputError, ModelFileError
from backlit.persistence import container
from backlit.persistence.atomic import StrPath, atomic_write
from backlit.persistence.model_document import (
    ABOUT_THE_MODEL,
    FORMAT,
    VERSION,
    read_document,
)
from backlit.persistence.stored_model import StoredModel, check_model

_METADATA_KEY = "backlit"
_MAX_SUGGESTIONS = 5


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
    networks: list[Any] = [with_alphas_beside(each) for each in model.networks]
    model = replace(model, network=networks[0], others=tuple(networks[1:]))
    check_model(model)
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
        **_embedding(network),
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
    embedding = document.get("embedding") or {}
    categories = tuple((begin, end) for begin, end in embedding.get("categories", ()))
    alphas = tuple(sizes[1:-1]) if document.get("parametric") else ()
    embedded = Embedded(tuple(embedding.get("columns", ())), categories, alphas)
    prefixes = [_prefix(m) for m in range(document.get("members", 1))]
    shapes: dict[str, tuple[int, ...]] = {}
    for prefix in prefixes:
        for i, (w, b) in enumerate(zip(*_shapes(sizes, embedded), strict=True)):
            shapes |= {f"{prefix}weights.{i}": w, f"{prefix}biases.{i}": b}
    tensors = container.read_tensors(file, header, dtype, shapes)

    def network(prefix: str) -> Network:
        n = len(_shapes(sizes, embedded)[0])
        weights, biases = (tuple(tensors[f"{prefix}{kind}.{i}"] for i in range(n)) for kind in ("weights", "biases"))
        activations = tuple(document["activations"])
        if embedded:
            whole: Any = EmbeddedNetwork(weights, biases, activations, embedded)
            return whole  # type: ignore[no-any-return]
        return Network(weights, biases, activations)

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
    check_model(model)
    return model


def _embedding(network: Network | EmbeddedNetwork) -> dict[str, Any]:
    if not isinstance(network, EmbeddedNetwork):
        return {}
    parametric = {"parametric": True} if network.embedded.alphas else {}
    if not network.embedded.of_inputs:
        return parametric
    categories = [list(category) for category in network.embedded.categories]
    embedding = {"kind": EMBEDDINGS[0], "columns": list(network.embedded.columns)}
    return {"embedding": {**embedding, **({"categories": categories} if categories else {})}, **parametric}


def _shapes(sizes: list[int], embedded: Embedded) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the shapes of all weights and of all biases."""
    of_layer_1 = [sizes[0] + embedded.n_added, *sizes[1:]]
    weights: list[tuple[int, ...]] = [(n_out, n_in) for n_in, n_out in pairwise(of_layer_1)]
    biases: list[tuple[int, ...]] = [(n_out,) for n_out in sizes[1:]]
    for_weights, for_biases = embedded.shapes()
    return weights + for_weights, biases + for_biases


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


def _prefix(m: int) -> str:
    # of the tensors of a member, counted from 0
    return f"members.{m}." if m else ""
