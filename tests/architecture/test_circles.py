"""No file imports itself by way of others, lazy imports and those for type checkers included."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "backlit"


def file_of(module: str, source: Path = SOURCE) -> Path | None:
    """The file of a module of the package; None for anything else, such as a name within a module."""
    package, *parts = module.split(".")
    path = source.joinpath(*parts)
    if package != "backlit":
        return None
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def imported_files(path: Path, source: Path = SOURCE) -> set[Path]:
    """The files of the package that a file imports, wherever in it the import stands."""
    found: set[Path | None] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {file_of(alias.name, source) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            # what is imported from a package is a file of its own, or a name in the package's __init__
            found |= {
                file_of(f"{node.module}.{alias.name}", source) or file_of(node.module, source) for alias in node.names
            }
    return {file for file in found if file is not None}


def circles(arrows: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Yield every largest set of nodes that all reach each other (Tarjan's algorithm), one node alone left out."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    waiting: list[str] = []

    def visit(node: str) -> Iterator[list[str]]:
        number[node] = lowest[node] = len(number)
        waiting.append(node)
        for other in sorted(arrows.get(node, ())):
            if other not in number:
                yield from visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in waiting:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            place = waiting.index(node)
            circle = waiting[place:]
            del waiting[place:]
            if len(circle) > 1 or node in arrows.get(node, ()):
                yield sorted(circle)

    for node in sorted(arrows):
        if node not in number:
            yield from visit(node)


@functools.cache
def arrows_between_files(source: Path = SOURCE) -> dict[str, set[str]]:
    """The files that each file imports, by their names within the package."""
    files = set(source.rglob("*.py")) - {source / "__init__.py"}  # the public names come from everywhere
    name = {path: path.relative_to(source).as_posix() for path in files}
    return {name[path]: {name[other] for other in imported_files(path, source) & files} for path in files}


def room_of(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def test_no_circle_of_files():
    found = list(circles(arrows_between_files()))
    assert not found, f"these files import each other in a circle: {found}"


def test_the_rooms_of_the_grader_import_one_way():
    arrows: dict[str, set[str]] = {}
    for name, others in arrows_between_files().items():
        rooms = {"/".join(other.split("/")[:2]) for other in others if room_of(other) == "grading"}
        if room_of(name) == "grading":
            here = "/".join(name.split("/")[:2])
            arrows[here] = arrows.get(here, set()) | rooms - {here}
    assert not list(circles(arrows))
    assert arrows["grading/reading"] == set()


def test_circles_are_found_in_lazy_imports_and_in_packages(tmp_path):
    (tmp_path / "room").mkdir()
    files = {
        "__init__.py": "from backlit.a import f",  # the public names are no circle
        "a.py": "from backlit.room.b import g\nimport numpy",
        "room/__init__.py": "",
        "room/b.py": "def g():\n    from backlit.room import c",
        "room/c.py": "if TYPE_CHECKING:\n    from backlit.room.b import g",
        "room/d.py": "from backlit.room.c import x\nimport backlit.a",
        "room/e.py": "from backlit.room import name_in_the_package",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    arrows = arrows_between_files(tmp_path)
    assert arrows["room/d.py"] == {"room/c.py", "a.py"}
    assert arrows["room/e.py"] == {"room/__init__.py"}
    assert list(circles(arrows)) == [["room/b.py", "room/c.py"]]
    assert list(circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"d"}})) == [["d"], ["a", "b", "c"]]
