"""What is shown is made in one direction: trace, story, views; the demon and the diagnosis stand on the trace alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import backlit.explanation

ROOMS = Path(backlit.explanation.__file__).parent
BELOW = {
    "trace": set(),
    "story": {"trace"},
    "views": {"trace", "story"},
    "demon": {"trace"},
    "diagnosis": {"trace"},
}


def rooms_imported(path):
    modules = [node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {module.split(".")[2] for module in modules if module.startswith("backlit.explanation.")}


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_from_the_rooms_before_it(room):
    files = sorted((ROOMS / room).glob("*.py"))
    assert len(files) > 4
    for path in files:
        others = (rooms_imported(path) & BELOW.keys()) - {room}
        assert others <= BELOW[room], path


def test_every_room_is_listed():
    assert {path.parent.name for path in ROOMS.glob("*/__init__.py")} == set(BELOW)
