"""One checkpoint: everything that a training needs to resume, in one ``.safetensors`` file.

The tensors are ``weights.0``, ``biases.0``, …; the same under ``best.`` where the best epoch's network is kept, and
under ``seen.`` where a recorder needs the network that it last saw; and the optimizer's state under the names of its
slots, such as ``m.weights.0``; and where inputs have scales, ``scales.0``, ``m.scales.0``, …, a number for each
network. Everything else is one JSON document under the key ``backlit`` of the file's metadata::

    format   "backlit-checkpoint"
    version  1
    library  version of the backlit that wrote it
    engine   the engine and its instruction set
    run      what the run is: data, options, where it began
    state    what training remembers from epoch to epoch
    t        steps that the optimizer took
    best     whether there is a best network
    seen     whether there is a network that a recorder saw
    average, scales
             only where there is a moving average of the weights, and where inputs have scales
    digest   SHA-256 of the tensors and of the other fields

No shape is taken from the file: whoever reads it knows the run, and so the shapes. Opening a file executes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.documents import strict_json
from backlit.documents.field import Field, Kind, read
from backlit.engine.protocol import OptimizerState
from backlit.errors import ModelFileError
from backlit.persistence import container
from backlit.persistence.atomic import atomic_write
from backlit.persistence.model_file import library_version

FORMAT = "backlit-checkpoint"
VERSION = 1

_METADATA_KEY = "backlit"
_KIND = Kind(ModelFileError, "The file is damaged or was edited.")


@dataclass(frozen=True, eq=False)
class StoredCheckpoint:
    """What a checkpoint holds.

    Attributes
    ----------
    run : dict
        What the run is, as plain JSON.
    state : dict
        What training remembers from epoch to epoch, as plain JSON.
    network : Network
        At the end of the epoch.
    best : Network or None
        The network of the best epoch, where that is to be restored.
    optimizer_state : OptimizerState
    engine : str
        The engine that computed it, and its instruction set.
    seen : Network or None
        The network that a recorder last saw, where there is a recorder.
    library : str
        Version of the backlit that wrote it.
    average : Network or None
        The moving average of the weights, where there is one.
    """

    run: dict[str, Any]
    state: dict[str, Any]
    network: Network
    best: Network | None
    optimizer_state: OptimizerState
    engine: str
    seen: Network | None = None
    library: str = ""
    average: Network | None = None


def save_checkpoint(path: Path, checkpoint: StoredCheckpoint, slots: Sequence[str]) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : Path
    checkpoint : StoredCheckpoint
    slots : sequence of str
        Names of the optimizer's slots.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    state = checkpoint.optimizer_state
    tensors: dict[str, NDArray[Any]] = {}
    networks = {"": checkpoint.network, "best.": checkpoint.best, "seen.": checkpoint.seen}
    for prefix, network in (networks | {"average.": checkpoint.average}).items():
        if network is not None:
            tensors |= _named(prefix, network.weights, network.biases)
    for i, slot in enumerate(slots):
        tensors |= _named(f"{slot}.", [arrays[i] for arrays in state.weights], [arrays[i] for arrays in state.biases])
    for m, arrays in enumerate(state.scales):
        tensors |= dict(zip(_names_of_scales(m, slots), arrays, strict=True))
    document = {
        "format": FORMAT,
        "version": VERSION,
        "library": library_version(),
        "engine": checkpoint.engine,
        "run": checkpoint.run,
        "state": checkpoint.state,
        "t": state.t,
        "best": checkpoint.best is not None,
        "seen": checkpoint.seen is not None,
    }
    # checkpoints of before have no such fields
    if checkpoint.average is not None:
        document["average"] = True
    if state.scales:
        document["scales"] = True
    document["digest"] = _digest(tensors, document)
    encoded = container.encode(tensors, {_METADATA_KEY: strict_json.dump(document)})
    with atomic_write(path) as file:
        file.write(encoded)


def read_document(path: Path) -> dict[str, Any]:
    """Return the JSON document of a checkpoint, whose fields are there and of the right type.

    Raises
    ------
    ModelFileError
        If the file cannot be read, or is no checkpoint.
    """
    with _opened(path) as file:
        return _document(container.read_header(file))


def load_checkpoint(path: Path, like: Network | Ensemble, slots: Sequence[str]) -> StoredCheckpoint:
    """Read a checkpoint, trusting nothing in it.

    Parameters
    ----------
    path : Path
    like : Network or Ensemble
        A network of the run: sizes, activations and dtype must be these.
    slots : sequence of str
        Names of the optimizer's slots.

    Raises
    ------
    ModelFileError
        If anything in it is not as it must be.
    """
    with _opened(path) as file:
        header = container.read_header(file)
        document = _document(header)
        kept = [f"{name}." for name in ("best", "seen", "average") if document.get(name)]
        prefixes = ["", *kept, *(f"{slot}." for slot in slots)]
        # of members a recorder looks at the first
        likes = dict.fromkeys(prefixes, like) | ({"seen.": like.member(0)} if isinstance(like, Ensemble) else {})
        shapes = {
            name: array.shape
            for prefix in prefixes
            for name, array in _named(prefix, likes[prefix].weights, likes[prefix].biases).items()
        }
        n_networks = like.n_members if isinstance(like, Ensemble) else 1
        scaled = [_names_of_scales(m, slots) for m in range(n_networks if document.get("scales") else 0)]
        n_scales = like.weights[0].shape[1]  # of layer 1, to which embeddings add
        shapes |= {name: (n_scales,) for names in scaled for name in names}
        tensors = container.read_tensors(file, header, like.dtype, shapes)
    if document.pop("digest") != _digest(tensors, document):
        raise ModelFileError("it is not as it was written (the digest differs).")

    def arrays(prefix: str, kind: str) -> list[NDArray[Any]]:
        return [tensors[f"{prefix}{kind}.{i}"] for i in range(len(likes[prefix].weights))]

    def network(prefix: str) -> Network:
        weights, biases = arrays(prefix, "weights"), arrays(prefix, "biases")
        if not all(np.isfinite(array).all() for array in (*weights, *biases)):
            raise ModelFileError(f"the network {prefix}weights, {prefix}biases holds NaN or ∞.")
        network: Any = replace(likes[prefix], weights=tuple(weights), biases=tuple(biases))
        return network  # type: ignore[no-any-return]

    by_layer = {
        kind: [tuple(tensors[f"{slot}.{kind}.{i}"] for slot in slots) for i in range(len(like.weights))]
        for kind in ("weights", "biases")
    }
    return StoredCheckpoint(
        run=document["run"],
        state=document["state"],
        network=network(""),
        best=network("best.") if document["best"] else None,
        optimizer_state=OptimizerState(
            document["t"],
            by_layer["weights"],
            by_layer["biases"],
            tuple(tuple(tensors[name] for name in names) for names in scaled),
        ),
        engine=document["engine"],
        seen=network("seen.") if document["seen"] else None,
        library=document["library"],
        average=network("average.") if document.get("average") else None,
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            raise ModelFileError("it is not a file.")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise ModelFileError(f"{error.strerror or error}.") from error


def _document(header: container.Header) -> dict[str, Any]:
    document: dict[str, Any] = read(header.metadata.get(_METADATA_KEY, "null"), "its metadata", _KIND).object()
    top = Field(document, "", _KIND)
    top.header(FORMAT, VERSION)
    fields = top.fields(
        "format",
        "version",
        "library",
        "engine",
        "run",
        "state",
        "t",
        "best",
        "seen",
        "digest",
        average=None,
        scales=None,
    )
    for name in ("library", "engine", "digest"):
        fields[name].text()
    for name in ("run", "state"):
        fields[name].object()
    for name in ("best", "seen"):
        fields[name].flag()
    for name in ("average", "scales"):
        if not fields[name].is_null:
            fields[name].flag()
    fields["t"].whole(0, 2**63 - 1)
    return document


def _named(prefix: str, weights: Sequence[Any], biases: Sequence[Any]) -> dict[str, Any]:
    named = {f"{prefix}weights.{i}": w for i, w in enumerate(weights)}
    return named | {f"{prefix}biases.{i}": b for i, b in enumerate(biases)}


def _names_of_scales(m: int, slots: Sequence[str]) -> list[str]:
    return [f"scales.{m}", *(f"{slot}.scales.{m}" for slot in slots)]


def _digest(tensors: Mapping[str, NDArray[Any]], document: dict[str, Any]) -> str:
    digest = hashlib.sha256(strict_json.dump(document).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensors[name], tensors[name].dtype.newbyteorder("<")).data)
    return digest.hexdigest()
