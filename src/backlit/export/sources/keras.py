"""Keras's files without Keras: ``.weights.h5``, which holds arrays alone, and ``.keras``, a zip with layers as JSON.

In the file of weights a layer has the name of its kind and a number, ``dense``, ``dense_1``, whatever it is called in
the program; its kernel is (n_in, n_out).
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from backlit.core.activations import ACTIVATIONS
from backlit.documents import strict_json
from backlit.errors import InvalidInputError, MissingExtraError
from backlit.export.sources.reading import MOST_NUMBERS, Layer, counted, leaky_relu

_ACTIVATIONS = {
    **{name: name for name in ACTIVATIONS if name not in ("identity", "exp", "leaky_relu")},
    **{"linear": "identity", "swish": "silu", "exponential": "exp"},
}
"""Keras's functions that are ours, most by the same name; the slope of `leaky_relu` is another."""
_FUNCTION_SLOPE, _LAYER_SLOPE = 0.2, 0.3
_NOTHING_TO_DO = (
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "SpatialDropout1D",
    "ActivityRegularization",
)
_ROOTS = ("layers", "_layer_checkpoint_dependencies")
_MOST_JSON = 2**26


def read(path: Path) -> list[Layer]:
    """Return the layers of a ``.weights.h5`` or ``.keras`` file; of the former without activations."""
    if path.suffix.lower() == ".keras":
        return _read_archive(path)
    with path.open("rb") as file:
        weights = _dense_weights(file, path)
    return [Layer(name, kernel.T, bias) for name, (kernel, bias) in weights.items()]


def _read_archive(path: Path) -> list[Layer]:
    try:
        with zipfile.ZipFile(path) as archive:
            for part, most in (("config.json", _MOST_JSON), ("model.weights.h5", 8 * MOST_NUMBERS)):
                if archive.getinfo(part).file_size > most:
                    raise ValueError(f"its {part} is larger than {most:,} bytes")
            config = strict_json.parse(archive.read("config.json"))
            stored = io.BytesIO(archive.read("model.weights.h5"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InvalidInputError(f"{str(path)!r} is no whole .keras file: {error}. Save it again.") from None
    weights, layers = _dense_weights(stored, path), list[Layer]()
    for kind, settings in _chain(config, path):
        name = str(settings.get("name", kind))
        if kind == "Dense":
            if not weights:
                raise InvalidInputError(f"{str(path)!r} has no weights for the layer {name!r}.")
            _refuse_settings(name, settings, quantization_config=None, lora_rank=None)
            kernel, bias = weights.pop(next(iter(weights)))
            layers.append(Layer(name, kernel.T, bias))
            layers[-1].followed_by(_function(settings.get("activation"), name), name)
            layers[-1].activation = layers[-1].activation or "identity"
        elif kind == "InputLayer" or kind in _NOTHING_TO_DO or (kind in ("Flatten", "Reshape") and not layers):
            continue  # X is a matrix already
        elif not layers or kind not in ("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"):
            raise _unsupported(name, kind)
        else:
            layers[-1].followed_by(_activation_of_layer(kind, settings, name), name)
    return layers


def _chain(config: Any, path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return (class, settings) of the layers one after another, or raise where they do not follow each other."""
    try:
        kind, inside = config["class_name"], config["config"]
        listed = [(str(layer["class_name"]), dict(layer["config"]), layer) for layer in inside["layers"]]
    except (KeyError, TypeError, ValueError):
        raise InvalidInputError(f"{str(path)!r} does not describe a Sequential or Functional model of Keras.") from None
    if kind == "Sequential":
        return [(name, settings) for name, settings, _ in listed]
    if kind not in ("Functional", "Model"):
        raise _unsupported(str(path), str(kind))
    before: str | None = None
    for class_name, settings, layer in listed:
        text = strict_json.dump_in_order(layer.get("inbound_nodes", []))
        sources = re.findall(r'"keras_history": \["([^"]*)"', text) or re.findall(r'\[+"([^"]+)", \d+, \d+', text)
        if sources != ([] if before is None else [before]):
            raise InvalidInputError(
                f"{str(path)!r}: {class_name} {settings.get('name')!r} takes {' and '.join(sources) or 'nothing'}, but "
                "only layers that follow one another can be read."
            )
        before = str(settings.get("name"))
    return [(name, settings) for name, settings, _ in listed]


def _function(given: Any, name: str) -> str:
    if given is None:
        return "identity"
    if isinstance(given, str):
        if given == "leaky_relu":
            return leaky_relu(_FUNCTION_SLOPE)
        if given in _ACTIVATIONS:
            return _ACTIVATIONS[given]
    elif isinstance(given, dict) and str(given.get("module")).startswith("keras.layers"):
        return _activation_of_layer(str(given.get("class_name")), given.get("config") or {}, name)
    shown = given.get("class_name", "?") if isinstance(given, dict) else given
    raise InvalidInputError(
        f"The activation {shown!r} of the layer {name!r} cannot be read, and no function out of a file is run. Known: "
        f"{', '.join([*_ACTIVATIONS, 'leaky_relu'])}."
    )


def _activation_of_layer(kind: str, settings: dict[str, Any], name: str) -> str:
    match kind:
        case "Activation":
            return _function(settings.get("activation"), name)
        case "ReLU":
            _refuse_settings(name, settings, max_value=None, threshold=0.0)
            return leaky_relu(float(settings.get("negative_slope") or 0.0))
        case "LeakyReLU":  # Keras 2 called it alpha
            return leaky_relu(float(settings.get("negative_slope", settings.get("alpha", _LAYER_SLOPE))))
        case "ELU":
            _refuse_settings(name, settings, alpha=1.0)
            return "elu"
        case "Softmax":
            _refuse_settings(name, settings, axis=-1)
            return "softmax"
    raise _unsupported(name, kind)


def _refuse_settings(name: str, settings: dict[str, Any], **known: Any) -> None:
    for key, value in known.items():
        if settings.get(key, value) != value:
            raise InvalidInputError(f"The layer {name!r} has {key}={settings[key]!r}; only {value!r} can be read.")


def _unsupported(name: str, kind: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name!r} is of the kind {kind}, but only fully connected layers and their activations can be read. Fold "
        "others, such as a normalization, into the weights first."
    )


def _dense_weights(file: BinaryIO, path: Path) -> dict[str, tuple[Any, Any]]:
    """Return group → (kernel ``(n_in, n_out)``, bias) of the layers in their order."""
    try:
        import h5py
    except ImportError:
        raise MissingExtraError("Reading Keras's files", "keras") from None
    try:
        with h5py.File(file, "r") as tree:
            root = next((tree[name] for name in _ROOTS if name in tree), None)
            if root is None:
                legacy = "model_weights" in tree or "layer_names" in tree.attrs
                advice = "In Keras 3: model.save('m.keras'), or model.save_weights('m.weights.h5')."
                raise InvalidInputError(f"{str(path)!r} has no layers{' as Keras 3 writes them' * legacy}. {advice}")
            arrays = {name: _arrays_of(root, name, h5py, path) for name in sorted(root, key=_number_last)}
    except OSError as error:
        raise InvalidInputError(f"{str(path)!r} is no whole HDF5 file: {error}.") from None
    weights = {}
    for name, found in arrays.items():
        if not found:
            continue
        if not re.fullmatch(r"dense(_\d+)?", name) or len(found) > 2 or found[0].ndim != 2:
            raise _unsupported(name, re.sub(r"_\d+$", "", name))
        weights[name] = (found[0], found[1] if len(found) == 2 else np.zeros(found[0].shape[1], found[0].dtype))
    return weights


def _arrays_of(root: Any, name: str, h5py: Any, path: Path) -> list[Any]:
    if not isinstance(root.get(name, getlink=True), h5py.HardLink):
        raise InvalidInputError(f"{str(path)!r}: {name!r} leads to another file, which is not followed.")
    if name not in root or "vars" not in root[name]:
        return []
    group = root[name]["vars"]
    found = []
    for key in sorted(group, key=_number_last):
        is_here = isinstance(group.get(key, getlink=True), h5py.HardLink) and isinstance(group[key], h5py.Dataset)
        data = group[key] if is_here else None
        if data is None or data.external or data.is_virtual or data.dtype.kind != "f":
            raise InvalidInputError(f"{str(path)!r}: {name}/vars/{key} is no array of floats in the file itself.")
        found.append(data)
    counted((data.shape for data in found), path)
    return [np.asarray(data) for data in found]


def _number_last(name: str) -> tuple[str, int]:
    # dense_2 before dense_10
    match = re.fullmatch(r"(.*?)_?(\d*)", name)
    assert match is not None
    return match[1], int(match[2] or 0)
