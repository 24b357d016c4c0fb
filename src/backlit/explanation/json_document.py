"""An explanation as one versioned JSON document, and back with every field checked.

The document is the tree of `backlit.explanation.trace.tree`, key for key, under ``"format"`` and ``"version"``. Its
JSON Schema is `explanation.schema.json` beside this file.
"""

from __future__ import annotations

import dataclasses
from importlib import resources
from typing import Any

from backlit.core.activations import get_activation
from backlit.core.losses import get_loss
from backlit.core.parametric import PREFIX, plain_name, with_alpha
from backlit.documents.field import Field, Kind, read
from backlit.documents.strict_json import AS_TEXT, parse, plain
from backlit.explanation.trace.tree import (
    ErrorTrace,
    ExampleTrace,
    Feature,
    Floats,
    LayerTrace,
    ParameterTrace,
    StepTrace,
    TargetScale,
    WorkedStep,
)

FORMAT = "backlit-explanation"
VERSION = 1

_KIND = Kind(remedy="Give what Explanation.to_json or `backlit explain --format json` wrote.", not_finite=AS_TEXT)


def to_document(explanation: WorkedStep) -> dict[str, Any]:
    """Return an explanation in JSON's types."""
    tree = plain(explanation, AS_TEXT)
    for parameters in tree["parameters"]:
        if parameters["alpha"] is None:  # as documents were before there was any
            del parameters["alpha"]
    return {"format": FORMAT, "version": VERSION, **tree}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    file = resources.files("backlit.explanation") / "explanation.schema.json"
    schema: dict[str, Any] = parse(file.read_bytes())
    return schema


def from_json(text: str | bytes) -> WorkedStep:
    """Read the JSON text of an explanation back; see `from_document`."""
    return _explanation(read(text, "explanation", _KIND))


def from_document(document: object) -> WorkedStep:
    """Read back what `to_document` gave, bit for bit.

    Shapes, names and what belongs together are checked; the numbers themselves are taken as they are.

    Raises
    ------
    InvalidInputError
        If it is no explanation, is of another version, or a field is wrong; names the field.
    """
    return _explanation(Field(document, "explanation", _KIND))


def _explanation(document: Field) -> WorkedStep:
    document.header(FORMAT, VERSION)
    top = document.fields("format", "version", *(part.name for part in dataclasses.fields(WorkedStep)))
    sizes = tuple(size.whole(1) for size in top["sizes"].parts(least=2))
    names = tuple(top["activations"].texts(len(sizes) - 1))
    for name, field in zip(names, top["activations"].parts(), strict=True):
        with field.naming():
            get_activation(plain_name(name))
    loss = top["loss"].text()
    with top["loss"].naming():
        get_loss(loss, names[-1])
    reader = _Reader(sizes, names, top["dtype"].one_of("float32", "float64"))
    scale = None if top["target_scale"].is_null else reader.scale(top["target_scale"])
    batch = top["examples"].parts(least=1)
    has_y = not batch[0]["y"].is_null
    examples = tuple(reader.example(example, has_y, scale is not None) for example in batch)
    parts = top["parameters"].parts(len(names))
    parameters = tuple(reader.parameters(part, i + 2, has_y) for i, part in enumerate(parts))
    return WorkedStep(
        sizes=sizes,
        activations=tuple(with_alpha(name, each.alpha) for name, each in zip(names, parameters, strict=True)),
        dtype=reader.dtype,
        loss=loss,
        learning_rate=top["learning_rate"].number(above=0),
        output_names=reader.output_names(top["output_names"]),
        target_scale=scale,
        examples=examples,
        parameters=parameters,
        cost=_number_if(has_y, top["cost"]),
        cost_after=_number_if(has_y, top["cost_after"]),
    )


class _Reader:
    """Reads the parts of an explanation of a network of these sizes."""

    def __init__(self, sizes: tuple[int, ...], activations: tuple[str, ...], dtype: str) -> None:
        self.sizes, self.activations, self.dtype = sizes, activations, dtype

    def array(self, field: Field, shape: tuple[int, ...], dtype: str | None = None) -> Floats:
        array = field.array(shape, dtype or self.dtype)
        array.setflags(write=False)
        return array

    def output_names(self, document: Field) -> tuple[str, ...] | None:
        return None if document.is_null else tuple(document.texts(self.sizes[-1]))

    def scale(self, document: Field) -> TargetScale:
        fields = document.fields("mean", "scale", range=None)  # explanations of before have no range
        mean, scale = (tuple(fields[key].array((self.sizes[-1],), "float64").tolist()) for key in ("mean", "scale"))
        if fields["range"].is_null:
            return TargetScale(mean, scale)
        low, high = (bound.number() for bound in fields["range"].parts(2))
        return TargetScale(mean, scale, (low, high))

    def example(self, document: Field, has_y: bool, has_scale: bool) -> ExampleTrace:
        fields, shape = document.fields_of(ExampleTrace), (self.sizes[-1],)

        def output(name: str, present: bool, dtype: str | None = None) -> Floats | None:
            return self.array(fields[name], shape, dtype) if fields[name].expect(present) else None

        encoding, name, layers = fields["encoding"], fields["name"], fields["layers"].parts(len(self.activations))
        return ExampleTrace(
            name=None if name.is_null else name.text(),
            x=self.array(fields["x"], (self.sizes[0],)),
            y=output("y", has_y),
            encoding=None if encoding.is_null else tuple(map(_feature, encoding.parts(self.sizes[0]))),
            layers=tuple(self.layer(layer, i + 2, has_y) for i, layer in enumerate(layers)),
            cost_summands=output("cost_summands", has_y),
            cost=_number_if(has_y, fields["cost"]),
            original_output=output("original_output", has_scale, "float64"),
            original_y=output("original_y", has_scale and has_y, "float64"),
        )

    def layer(self, document: Field, layer: int, has_y: bool) -> LayerTrace:
        fields = document.fields_of(LayerTrace)
        shape, activation = (self.sizes[layer - 1],), self.activations[layer - 2]
        couples = get_activation(plain_name(activation)).couples
        fields["layer"].one_of(layer)
        fields["activation"].one_of(activation)
        return LayerTrace(
            layer=layer,
            activation=activation,
            z=self.array(fields["z"], shape),
            a=self.array(fields["a"], shape),
            sum_exp=_number_if(couples, fields["sum_exp"]),
            error=self.error(fields["error"], shape, couples) if fields["error"].expect(has_y) else None,
        )

    def error(self, document: Field, shape: tuple[int], couples: bool) -> ErrorTrace:
        fields = document.fields_of(ErrorTrace)
        sigma_prime = fields["sigma_prime"]
        return ErrorTrace(
            nabla_a=self.array(fields["nabla_a"], shape),
            sigma_prime=self.array(sigma_prime, shape) if sigma_prime.expect(not couples) else None,
            mean_nabla_a=_number_if(couples, fields["mean_nabla_a"]),
            general=self.array(fields["general"], shape),
            delta=self.array(fields["delta"], shape),
            short_cut=fields["short_cut"].flag(),
        )

    def parameters(self, document: Field, layer: int, has_y: bool) -> ParameterTrace:
        fields = document.fields("layer", "w", "b", "step", alpha=None)  # explanations of before have no alpha
        fields["layer"].one_of(layer)
        w_shape, b_shape = (self.sizes[layer - 1], self.sizes[layer - 2]), (self.sizes[layer - 1],)
        taken = None
        if fields["step"].expect(has_y):
            step = fields["step"].fields_of(StepTrace)
            shapes = {"nabla_w": w_shape, "nabla_b": b_shape, "w_after": w_shape, "b_after": b_shape}
            taken = StepTrace(**{name: self.array(step[name], shape) for name, shape in shapes.items()})
        has_alpha = fields["alpha"].expect(self.activations[layer - 2].startswith(PREFIX))
        alpha = self.array(fields["alpha"], b_shape) if has_alpha else None
        return ParameterTrace(layer, self.array(fields["w"], w_shape), self.array(fields["b"], b_shape), taken, alpha)


def _number_if(present: bool, field: Field) -> float | None:
    return field.number() if field.expect(present) else None


def _feature(document: Field) -> Feature:
    fields = document.fields_of(Feature)
    name, column, raw_value, operation = (fields[key].text() for key in ("name", "column", "raw_value", "operation"))
    return Feature(name, column, raw_value, operation, fields["value"].number())
