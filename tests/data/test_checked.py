import pytest

from backlit.data.checked import CheckedFields
from backlit.errors import ModelFileError


def test_right_fields_are_given_out_once():
    fields = CheckedFields({"t": "a", "f": True, "i": 3, "x": 1, "l": ["a", "b"], "version": 1}, "w")
    fields.version(1)
    assert fields.text("t") == "a"
    assert fields.flag("f") is True
    assert fields.integer("i", 3) == 3
    assert fields.number("x") == 1.0
    assert fields.texts("l") == ("a", "b")
    fields.done()
    with pytest.raises(ModelFileError, match=r"w\.t is not there"):
        fields.text("t")


@pytest.mark.parametrize(
    ("take", "value", "said"),
    [
        (lambda f: f.text("k"), 3, "should be text, but is 3"),
        (lambda f: f.choice("k", ["a", "b"]), "c", "one of a, b"),
        (lambda f: f.flag("k"), 1, "true or false"),
        (lambda f: f.integer("k", 0), True, "an integer ≥ 0"),
        (lambda f: f.integer("k", 0), -1, "an integer ≥ 0"),
        (lambda f: f.integer("k", 0), 1.0, "an integer ≥ 0"),
        (lambda f: f.number("k"), "1", "a finite number"),
        (lambda f: f.number("k"), True, "a finite number"),
        (lambda f: f.number("k"), float("nan"), "a finite number"),
        (lambda f: f.number("k"), float("inf"), "a finite number"),
        (lambda f: f.number("k"), 10**400, "a finite number"),
        (lambda f: f.number("k", positive=True), -1.0, "0 or more"),
        (lambda f: f.number("k", positive=True, zero=False), 0.0, "above 0"),
        (lambda f: f.items("k"), "ab", "a list"),
        (lambda f: f.texts("k"), ["a", 1], "a list of text"),
        (lambda f: f.texts("k"), ["a", "a"], "without repetition"),
        (lambda f: f.done(), 1, "unknown field 'k'"),
    ],
)
def test_wrong_fields_are_named(take, value, said):
    with pytest.raises(ModelFileError, match=r"^w") as caught:
        take(CheckedFields({"k": value}, "w"))
    assert said in str(caught.value)
    assert len(str(caught.value)) < 250


def test_not_a_dictionary_and_from_the_future():
    with pytest.raises(ModelFileError, match="w should be a dictionary"):
        CheckedFields([1], "w")
    with pytest.raises(ModelFileError, match="w should be a dictionary"):
        CheckedFields({1: 2}, "w")
    with pytest.raises(ModelFileError, match=r"reads up to 1. Upgrade"):
        CheckedFields({"version": 2}, "w").version(1)
