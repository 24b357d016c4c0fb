"""The one place that chooses an engine."""

from __future__ import annotations

import pytest

import backlit.engine
from backlit.engine import get_engine
from backlit.errors import EngineUnavailableError, UnknownNameError


def test_names():
    assert get_engine("reference").name == "reference"
    assert get_engine("native").name == "native"
    assert get_engine().name == "native"
    with pytest.raises(UnknownNameError, match="native"):
        get_engine("natve")


def test_missing_native_engine_is_said_once(monkeypatch):
    monkeypatch.setattr(backlit.engine, "native_is_available", lambda: False)
    backlit.engine._say_that_native_is_missing.cache_clear()
    with pytest.warns(UserWarning, match="compiler"):
        assert get_engine().name == "reference"
    assert get_engine().name == "reference"  # a second warning would be an error here
    with pytest.raises(EngineUnavailableError, match="compiler"):
        get_engine("native")
