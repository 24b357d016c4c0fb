"""The contract: what goes to the page and comes from it, and that TypeScript says the same."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from backlit.documents.strict_json import parse
from backlit.errors import InvalidInputError
from backlit.lab.commands import _ASKS, _CHANGES
from backlit.lab.talk.findings import Histogram
from backlit.lab.talk.protocol import COMMANDS, Answer, Pause, Play
from backlit.lab.talk.replies import Reference
from backlit.lab.talk.typescript import protocol_in_typescript
from backlit.lab.talk.wire import decode_command, dumps, encode

GENERATED = Path(__file__).parents[3] / "frontend" / "src" / "protocol.ts"


def test_arrays_keep_every_bit_by_either_way():
    values = np.array([[0.1, np.nan], [-np.inf, -0.0]])
    encoded = encode(Histogram(2, "a", values, values))["edges"]
    assert base64.b64decode(encoded["base64"]) == values.astype("<f8").tobytes()
    buffers: list[bytes] = []
    encoded = encode(Histogram(2, "a", values, values), buffers)
    assert [encoded["edges"]["buffer"], encoded["counts"]["buffer"]] == [0, 1]
    assert buffers[1] == values.astype("<f8").tobytes()
    assert encoded["edges"]["$array"] == [2, 2]


def test_numbers_that_json_lacks_have_a_spelling():
    assert parse(dumps(encode((0.1, float("nan"), float("-inf"))))) == [
        0.1,
        {"$number": "NaN"},
        {"$number": "-Infinity"},
    ]


def test_a_command_comes_out_as_it_went_in():
    place = {"quantity": "delta", "layer": 2, "neuron": 1, "k": None, "example": 3}
    told = decode_command({"id": 7, "command": "Answer", "arguments": {"place": place, "text": "½"}})
    assert told == (7, Answer(Reference("delta", 2, 1, None, 3), "½"))
    assert decode_command({"id": 0, "command": "Play"}) == (0, Play())


def test_a_wrong_field_is_named():
    for arguments, words in [
        ({"place": 3, "text": ""}, r"arguments\.place"),
        ({"text": ""}, r"arguments\.place is missing"),
    ]:
        with pytest.raises(InvalidInputError, match=words):
            decode_command({"id": 1, "command": "Answer", "arguments": arguments})


def test_every_command_is_answered_somewhere():
    assert set(COMMANDS) == set(_ASKS) | set(_CHANGES) | {Play, Pause}


def test_the_pages_types_are_generated_from_the_contract():
    written = protocol_in_typescript()
    assert all(f" {command.__name__}: {{ arguments" in written for command in COMMANDS)
    assert all(dataclasses.is_dataclass(reply) for reply in COMMANDS.values())
    assert GENERATED.read_text() == written, "python -m backlit.lab.talk.typescript > frontend/src/protocol.ts"
