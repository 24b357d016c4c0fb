"""The JSON of an explanation: exact both ways, described by its schema, and refused where something is wrong."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, is_dataclass, replace
from typing import get_args, get_type_hints

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from read_back import network_and_target
from read_views import READERS
from worked import batch_explanation, saturated_explanation, wide_explanation

from backlit.core.losses import fitting_pairs
from backlit.errors import InvalidInputError
from backlit.explanation import Explanation, explain, render
from backlit.explanation.trace import tree as branches
from every import every, in_turn

SCHEMA = Draft202012Validator(Explanation.json_schema())


def regression_explanation(y=(0.5,), **options):
    network, x, _ = network_and_target("quadratic", "identity", sizes=(2, 3, 1))
    encoding = [("age", "age", "41", "(41 − 30) / 10", x[0]), ("job = x", "job", "(missing)", 'job = "x"', x[1])]
    names = {"output_names": ["price"], "target_scale": (206855.5, 115395.25), "example_names": ["row 3"]}
    return explain(network, x, y, encodings=[encoding], **names, **options)


def same(one, other):
    """Whether two trees hold the same bits and types; any NaN is as good as another."""
    if is_dataclass(one):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        bits = [np.where(np.isnan(array), np.nan, array).tobytes() for array in (one, other)]
        return one.dtype == other.dtype and bits[0] == bits[1] and not other.flags.writeable
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def check_round_trip(explanation):
    document = json.loads(explanation.to_json())
    SCHEMA.validate(document)
    again = Explanation.from_json(explanation.to_json(indent=2))
    assert same(explanation, again)
    assert again.to_dict() == document
    return again


@every(("pair", "dtype"), in_turn(fitting_pairs(), ["float32", "float64"]))
def test_every_pair_comes_back_bit_for_bit(pair, dtype):
    loss, output = pair
    network, x, y = network_and_target(loss, output, dtype, sizes=(2, 3, 2))
    check_round_trip(explain(network, x, y, loss=loss))
    check_round_trip(explain(network, x, loss=loss))


@pytest.mark.parametrize("make", [wide_explanation, batch_explanation, saturated_explanation, regression_explanation])
def test_every_view_can_be_made_of_what_was_read_back(make):
    explanation = make()
    again = check_round_trip(explanation)
    for view in ("text", *READERS):
        assert render(again, view) == render(explanation, view)


def test_what_predictions_are_kept_to_comes_back():
    explanation = regression_explanation()
    kept = replace(explanation, target_scale=replace(explanation.target_scale, range=(0.5, 1e6)))
    assert check_round_trip(kept).target_scale.range == (0.5, 1e6)
    document = kept.to_dict()
    del document["target_scale"]["range"]  # as of old
    assert Explanation.from_dict(document).target_scale == explanation.target_scale


def test_the_schema_has_the_fields_of_the_tree():
    schema = Explanation.json_schema()
    Draft202012Validator.check_schema(schema)
    definitions = {
        "feature": branches.Feature,
        "error": branches.ErrorTrace,
        "layer": branches.LayerTrace,
        "example": branches.ExampleTrace,
        "step": branches.StepTrace,
        "parameters": branches.ParameterTrace,
        "target_scale": branches.TargetScale,
    }
    for name, cls in definitions.items():
        described = schema["$defs"][name]
        names = [field.name for field in fields(cls)]
        of_late = {(branches.TargetScale, "range"), (branches.ParameterTrace, "alpha")}
        required = [name for name in names if (cls, name) not in of_late]
        assert (list(described["properties"]), described["required"]) == (names, required)
        hints = get_type_hints(cls)
        for key, part in described["properties"].items():
            assert ({"type": "null"} in part.get("anyOf", [])) == (type(None) in get_args(hints[key])), (name, key)
    top = ["format", "version", *(field.name for field in fields(Explanation))]
    assert list(schema["properties"]) == schema["required"] == top


def change(document, path, value):
    """Set what stands at a path such as ``examples.0.x``; delete it where the value is ``...``."""
    *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place = document
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value


# path, value, what the error says, and whether the schema can see it as well
WRONG = [
    ("format", "something", "explanation.format must be 'backlit-explanation', but 'something' came", True),
    ("version", 2, "explanation.version is 2: it was written by a newer backlit", True),
    ("version", "1", "explanation.version must be a whole number from 1, but '1' came", True),
    ("version", True, "explanation.version must be a whole number from 1, but True came", True),
    ("sizes", [3], "sizes must be a list of 2 or more, but a list of 1 came", True),
    ("sizes.1", 0, "sizes[1] must be a whole number from 1, but 0 came", True),
    ("sizes.0", 4, "examples[0].x must be a list of 4 numbers, but a list of 3 came", False),
    ("activations.0", "sigmod", "activations[0]: There is no activation named 'sigmod'. Did you mean 'sigmoid'", False),
    ("loss", "quadratik", "loss: There is no loss named 'quadratik'", False),
    ("dtype", "float16", "dtype must be one of 'float32', 'float64', but 'float16' came", True),
    ("learning_rate", 0, "learning_rate must be a finite number above 0, but 0 came", True),
    ("learning_rate", ..., "explanation.learning_rate is missing", True),
    ("more", 1, "explanation has an unknown field 'more'", True),
    ("output_names", ["a"], "output_names must be a list of 3, but a list of 1 came", False),
    ("target_scale", {"mean": [0, 0, 0]}, "explanation.target_scale.scale is missing", True),
    ("examples", [], "examples must be a list of 1 or more", True),
    ("examples.0.x.1", "0.5", "examples[0].x[1] must be a finite number", True),
    ("examples.0.x.1", True, "examples[0].x[1] must be a finite number", True),
    ("examples.0.x.1", 10**400, "examples[0].x[1] must be a finite number", False),
    ("examples.0.x.1", None, "examples[0].x[1] must be a finite number", True),
    ("examples.0.y", None, "examples[0].layers[0].error must be null, to fit the rest", False),
    ("examples.0.name", 3, "examples[0].name must be text, but 3 came", True),
    ("examples.0.encoding", [], "examples[0].encoding must be a list of 3, but a list of 0 came", False),
    ("examples.0.layers.0.layer", 3, "examples[0].layers[0].layer must be 2, but 3 came", False),
    ("examples.0.layers.0.activation", "relu", "activation must be 'tanh', but 'relu' came", False),
    ("examples.0.layers.0.z", [[0.1] * 4], "examples[0].layers[0].z must be a list of 4 numbers", True),
    ("examples.0.layers.0.sum_exp", 1.0, "examples[0].layers[0].sum_exp must be null", False),
    (
        "examples.0.layers.1.error.delta.0",
        "∞",
        "a finite number, or 'NaN', 'Infinity', '-Infinity', but",
        True,
    ),
    ("examples.0.layers.1.error.short_cut", 1, "short_cut must be true or false, but 1 came", True),
    ("examples.0.layers.1.error", None, "examples[0].layers[1].error must be given, but null came", False),
    ("examples.0.original_y", [1, 2, 3], "examples[0].original_y must be null", False),
    ("examples.0.cost", "much", "examples[0].cost must be a finite number", True),
    ("parameters.1", ..., "parameters must be a list of 2, but a list of 1 came", False),
    ("parameters.0.w.2", [0.1, 0.2], "parameters[0].w[2] must be a list of 3 numbers, but a list of 2 came", False),
    ("parameters.0.step.w_after", [], "parameters[0].step.w_after must be a list of 4, but a list of 0 came", True),
    ("parameters.0.b.0", 0.1, "parameters[0].b must be numbers of float32, as the document says", False),
    ("cost_after", None, "cost_after must be given, but null came", False),
]


@every(("path", "value", "message", "seen_by_schema"), WRONG)
def test_what_is_wrong_is_named(path, value, message, seen_by_schema):
    network, x, y = network_and_target("quadratic", "sigmoid", "float32")
    document = explain(network, x, y).to_dict()
    change(document, path, value)
    with pytest.raises(InvalidInputError) as caught:
        Explanation.from_dict(copy.deepcopy(document))
    assert message in str(caught.value)
    assert SCHEMA.is_valid(document) != seen_by_schema


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "explanation cannot be read: it is not valid JSON"),
        ("[1, 2]", "explanation must be an object, but a list of 2 came"),
        ('{"format": "backlit-explanation", "format": "backlit-explanation"}', "the key 'format' stands there twice"),
        ('{"format": "backlit-explanation", "version": 1, "cost": NaN}', "it holds NaN, which is not a JSON number"),
        ("[" * 100_000, "more than 64 levels deep"),
        (b"\xff\xfe\xfd", "it is not valid JSON"),
    ],
)
def test_what_is_no_document_is_refused(text, message):
    with pytest.raises(InvalidInputError, match=message):
        Explanation.from_json(text)
