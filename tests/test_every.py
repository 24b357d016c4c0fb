"""Bundles of combinations: each is tried, and all that fail are named."""

import pytest

import needs
from every import every, in_turn

tried = []


@every("second", [1, 2])
@every(("first", "word"), [("a", "x"), ("b", "y")])
def combinations(first, word, second, tmp_path):
    assert tmp_path == "fixture"
    tried.append((first, word, second))
    if first == "a":
        pytest.skip("no")
    assert second == 1


def test_each_is_tried_and_all_that_fail_are_named():
    tried.clear()
    with pytest.raises(BaseExceptionGroup) as caught:
        combinations(tmp_path="fixture")
    assert sorted(tried) == [("a", "x", 1), ("a", "x", 2), ("b", "y", 1), ("b", "y", 2)]
    assert caught.value.message.startswith("3 of 4 combinations fail: ")
    names = ["second=1, first=a, word=x", "second=2, first=a, word=x", "second=2, first=b, word=y"]
    assert caught.value.message.split("fail: ")[1].split("; ") == names
    assert [error.__notes__ for error in caught.value.exceptions] == [[f"with {name}"] for name in names]


@every("number", [1, 2, 3])
def test_pytest_gives_fixtures_and_no_more(number, tmp_path):
    assert tmp_path.is_dir()
    assert number in (1, 2, 3)


def test_values_that_take_turns_are_all_there(monkeypatch):
    monkeypatch.setattr(needs, "THOROUGH", False)
    assert in_turn("abcd", [1, 2, 3]) == [("a", 1), ("b", 2), ("c", 3), ("d", 1)]
    monkeypatch.setattr(needs, "THOROUGH", True)
    assert len(in_turn("abcd", [1, 2, 3])) == 12


def test_no_values_are_refused():
    with pytest.raises(AssertionError, match="no values"):
        every("number", [])


def test_what_each_combination_lacks_the_test_lacks():
    def test(number):
        pytest.skip("not here")

    with pytest.raises(pytest.skip.Exception, match="not here"):
        every("number", [1, 2])(test)()
