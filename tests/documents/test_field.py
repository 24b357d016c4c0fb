"""Every field is asked for what it should hold, and every error names its path."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from backlit.documents.field import MODEL, Field, Kind, read
from backlit.documents.strict_json import AS_NULL, AS_PYTHON, AS_TEXT
from backlit.errors import CheckpointError, InvalidInputError, ModelFileError, ShapeError
from every import every

PLAIN = Kind()


def field(value, path="w", kind=PLAIN):
    return Field(value, path, kind)


def test_a_deep_field_is_named_by_its_whole_path():
    encoder = field({"columns": [{}, {}, {}, {"scale": "x"}]}, "encoder", MODEL)
    with pytest.raises(ModelFileError) as caught:
        encoder["columns"].parts()[3]["scale"].number()
    assert str(caught.value) == (
        "encoder.columns[3].scale must be a finite number, but 'x' came. "
        "The file is damaged or was edited: save the model again."
    )


def test_what_is_right_is_given_out():
    document = field({"t": "a", "f": True, "i": 3, "x": 1, "l": ["a", "b"], "o": {"p": None}}, "")
    fields = document.fields("t", "f", "i", "x", "l", "o", more=7)
    assert fields["t"].text() == fields["t"].one_of("b", "a") == "a"
    assert fields["f"].flag() is True
    assert fields["i"].whole(3, 3) == 3
    assert type(fields["x"].number()) is float
    assert [part.text() for part in fields["l"].parts(2)] == fields["l"].texts(2) == ["a", "b"]
    assert fields["o"]["p"].is_null
    assert fields["more"].value == 7
    assert document.fields("t", "f", "x", "l", "o", i=7)["i"].value == 3
    assert fields["o"]["p"].path == "o.p"
    assert fields["l"].parts()[1].path == "l[1]"


HUGE = 10**400

# what is asked, of what, and what the error says
WRONG = [
    (lambda f: f.text(), 3, "w must be text, but 3 came."),
    (lambda f: f.text(), None, "w must be text, but null came."),
    (lambda f: f.text(), {"a": 1}, "w must be text, but an object came."),
    (lambda f: f.flag(), 1, "w must be true or false, but 1 came."),
    (lambda f: f.one_of("a", "b"), "c", "w must be one of 'a', 'b', but 'c' came."),
    (lambda f: f.one_of(2), 3, "w must be 2, but 3 came."),
    (lambda f: f.one_of(1), True, "w must be 1, but True came."),
    (lambda f: f.one_of(1), 1.0, "w must be 1, but 1.0 came."),
    (lambda f: f.one_of("a"), ["a"], "w must be 'a', but a list of 1 came."),
    (lambda f: f.whole(), True, "w must be a whole number from 0, but True came."),
    (lambda f: f.whole(), -1, "w must be a whole number from 0, but -1 came."),
    (lambda f: f.whole(), 1.0, "w must be a whole number from 0, but 1.0 came."),
    (lambda f: f.whole(1, 5), 6, "w must be a whole number from 1 to 5, but 6 came."),
    (lambda f: f.whole(0, 5), HUGE, "w must be a whole number from 0 to 5, but 1000"),
    (lambda f: f.number(), "1", "w must be a finite number, but '1' came."),
    (lambda f: f.number(), True, "w must be a finite number, but True came."),
    (lambda f: f.number(), None, "w must be a finite number, but null came."),
    (lambda f: f.number(), "NaN", "w must be a finite number, but 'NaN' came."),
    (lambda f: f.number(), [1.0], "w must be a finite number, but a list of 1 came."),
    (lambda f: f.number(), math.nan, "w must be a finite number, but nan came."),
    (lambda f: f.number(), math.inf, "w must be a finite number, but inf came."),
    (lambda f: f.number(), HUGE, "w must be a finite number, but 1000"),
    (lambda f: f.number(least=0), -1.0, "w must be a finite number from 0, but -1.0 came."),
    (lambda f: f.number(least=-1e150, most=2.5), 2.6, "w must be a finite number from -1e+150 to 2.5, but 2.6 came."),
    (lambda f: f.number(above=0), 0.0, "w must be a finite number above 0, but 0.0 came."),
    (lambda f: f.object(), [1, 2], "w must be an object, but a list of 2 came."),
    (lambda f: f.fields("a"), "a", "w must be an object, but 'a' came."),
    (lambda f: f["a"], {"b": 1}, "w.a is missing."),
    (lambda f: f.fields("a", b=1), {"b": 1}, "w.a is missing."),
    (lambda f: f.fields("a", b=1), {"a": 1, "c": 2}, "w has an unknown field 'c'. Its fields are a, b."),
    (lambda f: f.fields(), {7: 1}, "w has an unknown field 7."),
    (lambda f: f.parts(), "ab", "w must be a list, but 'ab' came."),
    (lambda f: f.texts(), "ab", "w must be a list, but 'ab' came."),
    (lambda f: f.texts(), ["a", 1], "w[1] must be text, but 1 came."),
    (lambda f: f.texts(1), ["a", "b"], "w must be a list of 1, but a list of 2 came."),
    (lambda f: f.parts(3), [1, 2], "w must be a list of 3, but a list of 2 came."),
    (lambda f: f.parts(least=1), [], "w must be a list of 1 or more, but a list of 0 came."),
    (lambda f: f.parts(least=2, most=3), [1] * 4, "w must be a list of 2 to 3, but a list of 4 came."),
    (lambda f: f.expect(True), None, "w must be given, but null came."),
    (lambda f: f.expect(False), 1, "w must be null, to fit the rest of the document, but 1 came."),
    (lambda f: f.header("a", 1), {"version": 1}, "w.format is missing."),
    (lambda f: f.header("a", 1), {"format": "b", "version": 1}, "w.format must be 'a', but 'b' came."),
    (lambda f: f.header("a", 1), {"format": "a", "version": True}, "w.version must be a whole number from 1, but True"),
    (lambda f: f.header("a", 1), {"format": "a", "version": 0}, "w.version must be a whole number from 1, but 0"),
    (lambda f: f.version(1), {"version": 2}, "w.version is 2: it was written by a newer backlit, and this one reads"),
    (lambda f: f.version(1), {"version": HUGE}, "Upgrade: pip install --upgrade backlit"),
    (lambda f: f.array((2,), "float64"), 3, "w must be a list of 2 numbers, but 3 came."),
    (lambda f: f.array((2,), "float64"), [1.0], "w must be a list of 2 numbers, but a list of 1 came."),
    (lambda f: f.array((2,), "float64"), [1.0, "x"], "w[1] must be a finite number, but 'x' came."),
    (lambda f: f.array((2,), "float64"), [True, 1.0], "w[0] must be a finite number, but True came."),
    (lambda f: f.array((2,), "float64"), [1, HUGE], "w[1] must be a finite number, but 1000"),
    (lambda f: f.array((2,), "float64"), [math.inf, 1.0], "w[0] must be a finite number, but inf came."),
    (lambda f: f.array((2, 2), "float64"), [[1, 2]], "w must be a list of 2, but a list of 1 came."),
    (lambda f: f.array((2, 2), "float64"), [[1, 2], [3]], "w[1] must be a list of 2 numbers, but a list of 1 came."),
    (lambda f: f.array((1, 2), "float64"), [[1, None]], "w[0][1] must be a finite number, but null came."),
    (lambda f: f.array((1,), "float32"), [0.1], "w must be numbers of float32, as the document says"),
    (lambda f: f.array((1,), "float32"), [1e300], "w must be numbers of float32, as the document says"),
]


@every(("ask", "value", "said"), WRONG)
def test_what_is_wrong_is_named_in_few_words(ask, value, said):
    with pytest.raises(InvalidInputError) as caught:
        ask(field(value))
    assert said in str(caught.value)
    assert len(str(caught.value)) < 250


@every(("ask", "value", "said"), WRONG)
def test_the_error_is_the_one_that_was_handed_in(ask, value, said):
    with pytest.raises(CheckpointError) as caught:
        ask(field(value, "w", Kind(CheckpointError, "Do this.")))
    assert str(caught.value).endswith("Do this.") or "Upgrade" in str(caught.value)


def test_a_document_without_a_name_is_called_the_document():
    with pytest.raises(InvalidInputError, match=r"^the document must be an object"):
        field(3, "").fields("a")
    with pytest.raises(InvalidInputError, match=r"^sizes\[0\] must be text"):
        field({"sizes": [3]}, "")["sizes"].parts()[0].text()


def test_what_somebody_else_finds_wrong_is_named():
    with pytest.raises(ModelFileError, match=r"w\.a: the shape is wrong") as caught, field(1, "w.a", MODEL).naming():
        raise ShapeError("the shape is wrong")
    assert isinstance(caught.value.__cause__, ShapeError)
    with pytest.raises(KeyError), field(1).naming():
        raise KeyError


def test_the_fields_of_a_dataclass():
    @dataclass
    class Point:
        x: int
        y: int = 0

    assert list(field({"y": 1, "x": 2}).fields_of(Point)) == ["x", "y"]
    with pytest.raises(InvalidInputError, match=r"w\.y is missing"):
        field({"x": 2}).fields_of(Point)
    with pytest.raises(InvalidInputError, match="unknown field 'z'"):
        field({"x": 2, "y": 1, "z": 0}).fields_of(Point)


@pytest.mark.parametrize("spelling", [AS_TEXT, AS_PYTHON])
def test_numbers_that_are_not_finite_are_read_where_the_document_has_them(spelling):
    kind = Kind(not_finite=spelling)
    texts = list(spelling)
    for value, number in zip(texts, (math.nan, math.inf, -math.inf), strict=True):
        np.testing.assert_equal(field(value, kind=kind).number(), number)
        with pytest.raises(InvalidInputError, match="a finite number above 0, but"):
            field(value, kind=kind).number(above=0)
    read_back = field([[1, *texts], [2.5, 0.0, 0.0, 0.0]], kind=kind).array((2, 4), "float32")
    np.testing.assert_array_equal(read_back, np.float32([[1, np.nan, np.inf, -np.inf], [2.5, 0, 0, 0]]))
    for wrong in ("∞", "Inf", "", math.inf, math.nan, None, HUGE):
        with pytest.raises(InvalidInputError, match=f"w must be a finite number, or '{texts[0]}', '{texts[1]}'"):
            field(wrong, kind=kind).number()


def test_the_spelling_of_new_formats_is_read_where_an_old_one_is_written():
    for value, number in zip(AS_TEXT, (math.nan, math.inf, -math.inf), strict=True):
        np.testing.assert_equal(field(value, kind=Kind(not_finite=AS_PYTHON)).number(), number)
    with pytest.raises(InvalidInputError, match="but 'inf' came"):
        field("inf", kind=Kind(not_finite=AS_TEXT)).number()


def test_null_can_stand_for_a_number():
    kind = Kind(not_finite=AS_NULL)
    assert math.isnan(field(None, kind=kind).number())
    with pytest.raises(InvalidInputError, match="w must be a finite number, but 'nan' came"):
        field("nan", kind=kind).number()


def test_arrays_belong_to_the_caller():
    array = field([[1, 2.5]]).array((1, 2), "float64")
    array[0, 0] = 7
    assert array.dtype == np.float64


def test_a_text_that_is_no_document_is_named():
    assert read('{"a": [1]}', "w", PLAIN)["a"].parts()[0].path == "w.a[0]"
    assert read(b'{"a": 1}', "w", PLAIN)["a"].whole() == 1
    for text in ("", "{", '{"a": 1, "a": 1}', "[" * 100_000, '{"a": NaN}', b"\xff\xfe\xfd"):
        with pytest.raises(ModelFileError, match=r"^w cannot be read: (it|the key) .*\. The file is damaged"):
            read(text, "w", MODEL)
