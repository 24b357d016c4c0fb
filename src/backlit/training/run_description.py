"""What a run is: everything that the bits of its result depend on, but for the machine.

Only a run of the same description may go on from a checkpoint. Data are described by their digest.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.core.custom import is_custom
from backlit.core.embedded import embedded_of
from backlit.core.layer_rates import LayerRates
from backlit.core.namespace import is_sparse
from backlit.documents import strict_json
from backlit.documents.strict_json import AS_PYTHON, plain
from backlit.engine.whole_bytes import WholeBytes
from backlit.training.examples import Examples, Source
from backlit.training.schedules import Constant

if TYPE_CHECKING:
    from backlit.training.run import Run


def describe_run(run: Run) -> dict[str, Any]:
    """Return the description of a run as flat JSON: name → value, in words for messages."""
    network, begin, validation = run.network, run.optimizer_state, run.validation
    memory = (
        [] if begin is None else [array for slots in (*begin.weights, *begin.biases, *begin.scales) for array in slots]
    )
    embedded = embedded_of(network)
    description: dict[str, Any] = {
        "seed": run.state.seed,
        "sizes": list(network.sizes),
        "activations": _described(network.activations),
        **({"embedded inputs": list(embedded.columns)} if embedded.columns else {}),
        **({"embedded categories": [list(each) for each in embedded.categories]} if embedded.categories else {}),
        **({"parametric activations": True} if embedded.alphas else {}),
        **({"members share": True} if getattr(network, "shares", False) else {}),
        "dtype": network.dtype,
        "precision": run.engine.precision,
        "learning rate": run.state.rate,
        "epochs done before": run.state.epoch,
        "weights to begin with": _digest([*network.weights, *network.biases]),
        "optimizer's numbers to begin with": _digest(memory) if begin else None,
        "optimizer's steps before": begin.t if begin else 0,
    }
    for part in (run.objective, run.plan):
        description |= {field.name: _described(getattr(part, field.name)) for field in dataclasses.fields(part)}
    # which older ones do not know
    if not run.plan.weight_average:
        del description["weight_average"]
    if isinstance(run.plan.decay_schedule, Constant):
        del description["decay_schedule"]
    description = without_idle_seed(description)
    optimizer = _described(run.optimizer)
    description |= {
        "clip_norm": optimizer.pop("clip_norm", None),  # checkpoints have always told it apart
        "optimizer": optimizer,
        **({} if run.layer_rates is None else {"rates by layer": _rates_by_layer(run.layer_rates)}),
        "training data": _examples(run.examples),
        "validation data": None if validation is None else _examples(validation.examples),
        "validation metric": None if validation is None else validation.name,
    }
    return description


def _rates_by_layer(rates: LayerRates) -> Any:
    # scales are not known to older ones
    return {name: value for name, value in _described(rates).items() if name != "scales" or value}


def without_idle_seed(description: dict[str, Any]) -> dict[str, Any]:
    """Return a description without the seed of dropout where nothing is dropped; older ones tell it all the same."""
    if description.get("dropout") is not None:
        return description
    return {name: value for name, value in description.items() if name != "dropout_seed"}


def what_must_agree(description: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same for a run to go on from another: not how many epochs were planned."""
    result = {name: value for name, value in without_idle_seed(description).items() if name != "n_epochs"}
    if isinstance(result.get("schedule"), dict):  # the estimators' own knows them as well
        result["schedule"] = {name: value for name, value in result["schedule"].items() if name != "max_iter"}
    return result


def name_of_run(description: dict[str, Any]) -> str:
    """Return a name that runs share which can go on from each other, and no others: 16 digits of a digest."""
    text = strict_json.dump(what_must_agree(description))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _described(value: Any) -> Any:
    if is_custom(value):
        return f"{value}, with the fingerprint {value.fingerprint}"
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.generic):
        return _described(value.item())
    if isinstance(value, float):
        return plain(value, AS_PYTHON)
    if isinstance(value, tuple | list):
        return [_described(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _described(part) for name, part in value.items()}
    name = {"name": type(value).__qualname__}
    if dataclasses.is_dataclass(value):
        return name | {field.name: _described(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return name  # somebody's own schedule: its attributes may be anything


def _examples(examples: Source) -> dict[str, Any]:
    if not isinstance(examples, Examples):  # it was read from a cache, which has a digest
        return {"rows": len(examples), "numbers": examples.digest}  # type: ignore[attr-defined]
    x = examples.x
    arrays = [x.indptr, x.indices, x.data, examples.y] if is_sparse(x) else [x, examples.y]
    if isinstance(x, WholeBytes):
        arrays = [x.values, np.array(x.divisor), examples.y]
    if examples.sample_weight is not None:
        arrays.append(examples.sample_weight)
    if examples.rows is not None:
        arrays.append(examples.rows)
    return {"rows": len(examples), "numbers": _digest(arrays)}


def _digest(arrays: Iterable[np.ndarray[Any, Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
    return f"sha256 {digest.hexdigest()}"
