"""An explanation as one versioned JSON document, and back with every field checked.

The document is the tree of `backlit.explanation.trace.tree`, key for key, under ``"format"`` and ``"version"``. Its
JSON Schema is `explanation.schema.json` beside this file.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from importlib import resources
from typing import Any, NoReturn

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.losses import get_loss
from backlit.errors import BacklitError, InvalidInputError
from backlit.explanation.checked_json import Place
from backlit.explanation.trace.tree import (
    ErrorTrace,
    ExampleTrace,
    Feature,
    LayerTrace,
    ParameterTrace,
    StepTrace,
    TargetScale,
    WorkedStep,
)

FORMAT = "backlit-explanation"
VERSION = 1


def to_document(explanation: WorkedStep) -> dict[str, Any]:
    """Return an explanation in JSON's types."""
    return {"format": FORMAT, "version": VERSION, **_plain(explanation)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist() if np.isfinite(value).all() else _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    file = resources.files("backlit.explanation") / "explanation.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def from_json(text: str | bytes) -> WorkedStep:
    """Read the JSON text of an explanation back; see `from_document`."""
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except BacklitError:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"An explanation must be a JSON document, but this is none ({error}).") from error
    return from_document(document)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"The explanation holds the key {twice!r:.60} twice in one object. Keep one of them.")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidInputError(f'The explanation holds {name}, which is no JSON number. Write it as the text "{name}".')


def from_document(document: object) -> WorkedStep:
    """Read back what `to_document` gave, bit for bit.

    Shapes, names and what belongs together are checked; the numbers themselves are taken as they are.

    Raises
    ------
    InvalidInputError
        If it is no explanation, is of another version, or a field is wrong; names the field.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InvalidInputError(
            f'An explanation must be an object with the format "{FORMAT}", but {document!r:.60} came. '
            "Give what Explanation.to_json or `backlit explain --format json` wrote."
        )
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        remedy = "Update backlit." if newer else "Write it again with this backlit."
        raise InvalidInputError(f"This backlit reads explanations of version {VERSION}, not {version!r:.60}. {remedy}")
    top = Place("", {key: value for key, value in document.items() if key not in ("format", "version")})
    top.keys(WorkedStep)
    sizes = tuple(size.whole(1) for size in top["sizes"].parts(at_least=2))
    activations = tuple(name.text() for name in top["activations"].parts(len(sizes) - 1))
    for name, place in zip(activations, top["activations"].parts(), strict=True):
        with place.naming():
            get_activation(name)
    loss = top["loss"].text()
    with top["loss"].naming():
        get_loss(loss, activations[-1])
    reader = _Reader(sizes, activations, top["dtype"].one_of("float32", "float64"))
    rate = top["learning_rate"]
    learning_rate = rate.number()
    if not 0 < learning_rate < np.inf:
        rate.refuse("a positive number")
    scale = None if top["target_scale"].is_null else reader.scale(top["target_scale"])
    examples = top["examples"].parts(at_least=1)
    has_y = not examples[0].keys(ExampleTrace)["y"].is_null
    return WorkedStep(
        sizes=sizes,
        activations=activations,
        dtype=reader.dtype,
        loss=loss,
        learning_rate=learning_rate,
        output_names=reader.output_names(top["output_names"]),
        target_scale=scale,
        examples=tuple(reader.example(place, has_y, scale is not None) for place in examples),
        parameters=tuple(
            reader.parameters(place, i + 2, has_y) for i, place in enumerate(top["parameters"].parts(len(sizes) - 1))
        ),
        cost=top["cost"].number() if top["cost"].expect(has_y) else None,
        cost_after=top["cost_after"].number() if top["cost_after"].expect(has_y) else None,
    )


class _Reader:
    """Reads the parts of an explanation of a network of these sizes."""

    def __init__(self, sizes: tuple[int, ...], activations: tuple[str, ...], dtype: str) -> None:
        self.sizes, self.activations, self.dtype = sizes, activations, dtype

    def output_names(self, place: Place) -> tuple[str, ...] | None:
        return None if place.is_null else tuple(name.text() for name in place.parts(self.sizes[-1]))

    def scale(self, place: Place) -> TargetScale:
        place.keys(TargetScale)
        n = self.sizes[-1]
        return TargetScale(*(tuple(place[key].array((n,), "float64").tolist()) for key in ("mean", "scale")))

    def example(self, place: Place, has_y: bool, has_scale: bool) -> ExampleTrace:
        place.keys(ExampleTrace)
        n = self.sizes[-1]
        encoding, name = place["encoding"], place["name"]
        return ExampleTrace(
            name=None if name.is_null else name.text(),
            x=place["x"].array((self.sizes[0],), self.dtype),
            y=place["y"].array((n,), self.dtype) if place["y"].expect(has_y) else None,
            encoding=None if encoding.is_null else tuple(map(_feature, encoding.parts(self.sizes[0]))),
            layers=tuple(
                self.layer(part, i + 2, has_y) for i, part in enumerate(place["layers"].parts(len(self.activations)))
            ),
            cost_summands=place["cost_summands"].array((n,), self.dtype)
            if place["cost_summands"].expect(has_y)
            else None,
            cost=place["cost"].number() if place["cost"].expect(has_y) else None,
            original_output=place["original_output"].array((n,), "float64")
            if place["original_output"].expect(has_scale)
            else None,
            original_y=place["original_y"].array((n,), "float64")
            if place["original_y"].expect(has_scale and has_y)
            else None,
        )

    def layer(self, place: Place, layer: int, has_y: bool) -> LayerTrace:
        place.keys(LayerTrace)
        shape, activation = (self.sizes[layer - 1],), self.activations[layer - 2]
        couples = get_activation(activation).couples
        place["layer"].one_of(layer)
        place["activation"].one_of(activation)
        return LayerTrace(
            layer=layer,
            activation=activation,
            z=place["z"].array(shape, self.dtype),
            a=place["a"].array(shape, self.dtype),
            sum_exp=place["sum_exp"].number() if place["sum_exp"].expect(couples) else None,
            error=self.error(place["error"], shape, couples) if place["error"].expect(has_y) else None,
        )

    def error(self, place: Place, shape: tuple[int], couples: bool) -> ErrorTrace:
        place.keys(ErrorTrace)
        sigma_prime, mean = place["sigma_prime"], place["mean_nabla_a"]
        return ErrorTrace(
            nabla_a=place["nabla_a"].array(shape, self.dtype),
            sigma_prime=sigma_prime.array(shape, self.dtype) if sigma_prime.expect(not couples) else None,
            mean_nabla_a=mean.number() if mean.expect(couples) else None,
            general=place["general"].array(shape, self.dtype),
            delta=place["delta"].array(shape, self.dtype),
            short_cut=place["short_cut"].one_of(True, False),
        )

    def parameters(self, place: Place, layer: int, has_y: bool) -> ParameterTrace:
        place.keys(ParameterTrace)
        place["layer"].one_of(layer)
        w_shape, b_shape = (self.sizes[layer - 1], self.sizes[layer - 2]), (self.sizes[layer - 1],)
        step, taken = place["step"], None
        if step.expect(has_y):
            step.keys(StepTrace)
            shapes = {"nabla_w": w_shape, "nabla_b": b_shape, "w_after": w_shape, "b_after": b_shape}
            taken = StepTrace(**{name: step[name].array(shape, self.dtype) for name, shape in shapes.items()})
        return ParameterTrace(
            layer, place["w"].array(w_shape, self.dtype), place["b"].array(b_shape, self.dtype), taken
        )


def _feature(place: Place) -> Feature:
    place.keys(Feature)
    name, column, raw_value, operation = (place[key].text() for key in ("name", "column", "raw_value", "operation"))
    return Feature(name, column, raw_value, operation, place["value"].number())
