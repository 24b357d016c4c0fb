"""Values cross the wire bit by bit, and no message can do more than be refused."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import needs
from backlit.documents.field import Field, Kind
from backlit.grading.reading.student import Call, FunctionInfo, Inventory, Outcome
from backlit.grading.sandbox.messages import (
    decode_call,
    decode_inventory,
    decode_outcome,
    encode_call,
    encode_inventory,
    encode_outcome,
)
from backlit.grading.sandbox.wire import WireError, decode, encode, pack, unpack

DTYPES = st.sampled_from(["?", "i1", "u2", "i4", "i8", "f2", "f4", ">f8", "c8", "c16"])
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_dims=4)))
PLAIN = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats() | st.just("σ′")
VALUES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.just("k"), inner),
    max_leaves=8,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["array", "list", "tuple", "dict", "float", "dtype", "shape", "data", "value"]), inner
        )
    ),
    max_leaves=12,
)


def through(value):
    return decode(unpack(pack({"v": encode(value)}))["v"].value)


def arrived(document):
    return Field(document, "a message", Kind(WireError))


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        assert a.dtype.newbyteorder("=") == b.dtype
        return a.shape == b.shape and a.astype(b.dtype).tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and (a == b or (a != a and b != b))


@given(VALUES)
def test_values_come_through(value):
    assert same(value, through(value))


def test_scalars_of_numpy_keep_their_type():
    assert type(through(np.float32(0.1))) is np.float32


def test_ragged_arrays_become_lists():
    ragged = np.empty(2, dtype=object)
    ragged[:] = [np.zeros(2), np.ones(3)]
    assert [item.shape for item in through(ragged)] == [(2,), (3,)]


@pytest.mark.parametrize("value", [object(), 2**70, np.array(["a"]), np.zeros(2 * 2**20), print, range(3)])
def test_other_values_are_refused(value):
    with pytest.raises(WireError):
        encode(value)


@given(JSON)
@settings(max_examples=300 if needs.THOROUGH else 30)
def test_no_document_does_more_than_be_refused(document):
    for read in (decode, lambda d: decode_inventory(arrived(d)), lambda d: decode_outcome(arrived(d))):
        with contextlib.suppress(WireError):
            read(document)


@given(st.binary(max_size=40) | st.just(b"[" * 100_000) | st.just(b"1" * 10_000))
def test_no_line_does_more_than_be_refused(line):
    with contextlib.suppress(WireError):
        unpack(line).object()


@pytest.mark.parametrize(
    "array",
    [
        {"dtype": "<f8", "shape": [2], "data": ""},
        {"dtype": "O", "shape": [0], "data": ""},
        {"dtype": "<f8", "shape": [0, 2**60, 2**60], "data": ""},
        {"dtype": "<f8", "shape": [-1], "data": "AAAAAAAAAAA="},
        {"dtype": "<f8", "shape": [True], "data": "AAAAAAAAAAA="},
        {"dtype": "<f8", "shape": [1], "data": "!!"},
    ],
)
def test_false_arrays_are_refused(array):
    with pytest.raises(WireError):
        decode({"array": array})


def test_control_characters_never_reach_a_terminal():
    assert "\x1b" not in decode("\x1b[2J")


def test_calls_outcomes_and_inventories_come_through():
    call = Call("f", (1, 2.5), {"k": "v"}, {"n": [3]}, ("n",))
    assert decode_call(json.loads(json.dumps(encode_call(call)))) == call
    outcome = Outcome(None, (1,), {"n": 2}, "ValueError: no", 3)
    assert decode_outcome(unpack(pack(encode_outcome(outcome)))) == outcome
    inventory = Inventory((FunctionInfo("f", ("x",), 1),), {"N": (FunctionInfo("g", (), 0),)})
    assert decode_inventory(unpack(pack(encode_inventory(inventory)))) == inventory


def test_half_a_surrogate_pair_does_not_stop_a_message():
    outcome = Outcome(None, (), {}, "OSError: \ud800.csv", 3)
    assert decode_outcome(unpack(pack(encode_outcome(outcome)))).error == "OSError: ?.csv"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stopped": "time"}, "a message.stopped must be one of"),
        ({"line": 0}, "a message.line must be a whole number from 1"),
        ({"args_after": 1}, "a message.args_after must be a list"),
        ({"more": 1}, "a message has an unknown field 'more'"),
    ],
)
def test_false_outcomes_are_refused(change, said):
    document = encode_outcome(Outcome(None, (), {}, None, None))
    with pytest.raises(WireError, match=said):
        decode_outcome(unpack(pack(document | change)))
