"""JSON is read and written in one way only. The parser meets more in tests/persistence/test_spoiled_model_files.py."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass

import numpy as np
import pytest

from backlit.documents.strict_json import AS_NULL, AS_PYTHON, AS_TEXT, MAX_DEPTH, dump, dump_in_order, parse, plain
from backlit.errors import InvalidInputError

NOT_FINITE = (math.nan, math.inf, -math.inf)


@pytest.mark.parametrize(
    "value", [None, True, 0, -0.0, 5e-324, 0.1 + 0.2, 2**4000, "ß — ☃ \x00", [], {"b": [1, 1.0], "a": {"": [None]}}]
)
def test_what_is_written_is_read_back(value):
    text = dump(value)
    again = parse(text)
    assert repr(again) == repr(value) or again == value
    assert dump(again) == text
    assert parse(text.encode()) == again


def test_equal_values_are_equal_texts():
    assert dump({"b": 1, "a": [1.5, "é"]}) == dump({"a": [1.5, "é"], "b": 1}) == '{"a":[1.5,"é"],"b":1}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' stands there twice"),
        ('{"b": [{"a": 1, "a": 2}]}', "the key 'a' stands there twice"),
        ("[NaN]", "it holds NaN, which is not a JSON number"),
        ("[-Infinity]", "it holds -Infinity"),
        ("[1e999]", r"\[0\] is inf; JSON holds finite numbers only, within the range of a float"),
        ("[" * 65 + "]" * 65, "more than 64 levels"),
        ("[" * 1_000_000, "more than 64 levels"),
        ("9" * 5000, "it is not valid JSON"),
        ("9" * 4290, "too large a whole number"),
        ('["\\ud800"]', r"\[0\] holds half of a surrogate pair"),
        ('{"a": [0.5, {"\\ud800": 1}]}', r"a\[1\] has the key .*; every key must be text"),
        ("", "it is not valid JSON"),
        (b'["\xff"]', "it is not valid JSON"),
        ("[1]".encode("utf-16"), "it is not valid JSON"),
        ("[1]".encode("utf-16-le"), "it is not valid JSON"),
    ],
)
def test_what_other_readers_could_take_otherwise_is_refused(text, said):
    with pytest.raises(InvalidInputError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [0.0, math.nan]}, r"a\[1\] is nan"),
        ([[1.0, math.inf]], r"\[0\]\[1\] is inf"),
        ({"a": {1: 2}}, "a has the key 1"),
        ({"a": {1, 2}}, "a is a set, which JSON cannot hold"),
        ([1.0, np.float32(1)], r"\[1\] is a float32"),
        ([2**20_000], "too large a whole number"),
        ("\ud800", "the value holds half of a surrogate pair"),
    ],
)
def test_what_cannot_be_written_is_named(value, said):
    with pytest.raises(InvalidInputError, match=said):
        dump(value)


def test_what_is_written_can_be_read_and_what_is_too_deep_cannot_be_written():
    value = []
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    assert parse(dump(value)) == value
    assert parse(dump([[{}]] * 100)) == [[{}]] * 100, "brackets side by side are not deep"
    with pytest.raises(InvalidInputError, match="levels"):
        dump([value])
    value.append(value)
    with pytest.raises(InvalidInputError, match="contains itself"):
        dump(value)


@pytest.mark.parametrize(
    ("spelling", "written"),
    [(AS_TEXT, '["NaN","Infinity","-Infinity"]'), (AS_PYTHON, '["nan","inf","-inf"]'), (AS_NULL, "[null,null,null]")],
)
def test_numbers_that_are_not_finite_are_spelled_and_read_back(spelling, written):
    for holder in (list(NOT_FINITE), NOT_FINITE, np.array(NOT_FINITE), np.array(NOT_FINITE, dtype=object)):
        text = dump(plain(holder, spelling))
        assert text == written
        read_back = [spelling.number(part) for part in parse(text)]
        np.testing.assert_array_equal(read_back, [math.nan] * 3 if spelling is AS_NULL else NOT_FINITE)
    for other in ("∞", "Nan", 1.0, [], {}):
        assert spelling.number(other) is None


def test_plain_values_have_the_types_of_json():
    @dataclass
    class Point:
        x: float
        names: tuple[str, ...]

    point = Point(math.inf, ("a", "b"))
    assert plain({"p": [point, point]}, AS_TEXT) == {"p": [{"x": "Infinity", "names": ["a", "b"]}] * 2}
    assert plain(point) == {"x": math.inf, "names": ["a", "b"]}
    array = plain((np.float32([[0.1]]), np.arange(2), 3, None, "t"))
    assert array == [[[float(np.float32(0.1))]], [0, 1], 3, None, "t"]
    assert json.loads(json.dumps(array)) == array
    assert plain(Point) is Point


@pytest.mark.parametrize("part", ['"', '\\"', '"\\', "[", "0", "[]", '{"', "]"])
def test_no_text_takes_long(part):
    n = 300_000 // len(part)  # quadratic time would be minutes
    begun = time.perf_counter()
    for text in (part * n, f'"{part * n}', f"[{part * n}", f'["a", {part * n}'):
        with pytest.raises(InvalidInputError):
            parse(text)
    assert time.perf_counter() - begun < 5


def test_what_is_for_people_keeps_its_order_and_refuses_what_json_has_not():
    assert dump_in_order({"b": "σ′", "a": [1, 0.1]}) == '{"b": "σ′", "a": [1, 0.1]}'
    assert dump_in_order({"b": 1}, 2) == '{\n  "b": 1\n}'
    with pytest.raises(ValueError, match="JSON compliant"):
        dump_in_order([float("nan")])


def test_brackets_inside_text_do_not_count():
    text = json.dumps(["[" * 100, 'a"[[' * 100, "\\", {"{" * 100: "[" * 100}])
    assert dump(parse(text)) == dump(json.loads(text))
