"""Imports point one way, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

from every import every

SOURCE = Path(__file__).parents[2] / "src" / "backlit"

# Each floor may import from the floors below it, and rooms of one floor from themselves alone.
FLOORS = [
    {"errors"},
    {"documents"},
    {"core"},
    {"engine"},
    {"training", "data"},
    {"export", "explanation", "persistence"},
    {"tables", "estimators", "grading"},
    {"lab", "distributed"},
    {"cli"},
]
FLOOR_OF = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}

# The same inside the lab.
FLOORS_OF_THE_LAB = [
    *[{"limits"}, {"talk"}, {"data"}, {"state"}, {"step", "pictures"}, {"take_away"}],
    *[{"choices"}, {"commands"}, {"playing"}, {"session"}, {"served", "in_browser"}, {"widget", "site"}],
]

# Rooms that also run where only NumPy is there, such as in a browser; the rest is imported lazily, inside functions.
LIGHT_ROOMS = {
    "core": {"numpy", "array_api_compat"},
    "training": {"numpy", "threadpoolctl"},  # the latter for SciPy's L-BFGS, which is loaded for that alone
    "explanation": {"numpy", "array_api_compat"},
    "grading": {"numpy"},
}

FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    # what is run as a program calls a command
    return "__main__" if path.name == "__main__.py" else path.relative_to(SOURCE).parts[0].removesuffix(".py")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def modules_of(path: Path) -> frozenset[str]:
    """The modules that a file imports anywhere."""
    return frozenset(imported_modules(tree_of(path)))


def imported_modules(tree: ast.AST, *, at_top_only: bool = False):
    nodes = tree.body if at_top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows(path: Path) -> set[str]:
    """The rooms that a file imports from."""
    rooms = set()
    for module in modules_of(path):
        parts = module.split(".")
        if parts[0] == "backlit" and len(parts) > 1 and parts[1] in FLOOR_OF:
            rooms.add(parts[1])
    return rooms - {room_of(path)}


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in FILES} - {"__init__", "__main__"}
    assert rooms <= set(FLOOR_OF)


@every("path", FILES)
def test_imports_point_down(path):
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return  # the public names come from everywhere
    wrong = {other for other in arrows(path) if FLOOR_OF[other] >= FLOOR_OF[room]}
    assert not wrong, f"{path.relative_to(SOURCE)} imports from {wrong}, which is not below {room}"


def test_imports_point_down_inside_the_lab():
    floor_of = {room: i for i, rooms in enumerate(FLOORS_OF_THE_LAB) for room in rooms}
    for path in (SOURCE / "lab").rglob("*.py"):
        room = path.relative_to(SOURCE / "lab").parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for module in modules_of(path):
            other = module.split(".")[2] if module.startswith("backlit.lab.") else room
            assert other == room or floor_of[other] < floor_of[room], f"lab/{room} imports from lab/{other}"


def test_the_test_sees_an_arrow_that_points_back(tmp_path):
    bad = SOURCE / "core" / "imaginary.py"
    tree = ast.parse("def f():\n    from backlit.engine import get_engine\n")
    modules = set(imported_modules(tree))
    assert "backlit.engine" in modules
    assert FLOOR_OF["engine"] > FLOOR_OF[room_of(bad)]


def test_only_one_file_imports_the_extension():
    importers = {
        str(path.relative_to(SOURCE))
        for path in FILES
        if any(module.startswith("backlit._native") for module in modules_of(path))
    }
    # engine/__init__.py only asks whether it is there
    assert importers == {"engine/native.py", "engine/__init__.py"}


def test_documents_are_read_and_written_in_one_room():
    importers = {
        str(path.relative_to(SOURCE)) for path in FILES if room_of(path) != "documents" and "json" in modules_of(path)
    }
    assert importers == {
        "export/c_source/text.py",  # quotes a name
        "grading/reading/notebook.py",  # Jupyter's files are not of the strict sort
        "grading/sandbox/wire.py",  # writes what need not be text
        "grading/sandbox/process.py",  # hands its own setting over
        "grading/sandbox/child.py",
    }


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_light_rooms_need_numpy_alone(room):
    for path in FILES:
        if room_of(path) != room:
            continue
        for module in imported_modules(tree_of(path), at_top_only=True):
            package = module.split(".")[0]
            allowed = LIGHT_ROOMS[room] | set(sys.stdlib_module_names) | {"backlit"}
            assert package in allowed, f"{path.relative_to(SOURCE)} imports {package} at its top"


def test_a_step_and_an_epoch_need_numpy_alone():
    # what Python in a browser has: a step, its formulas, the demon, an exercise, an epoch on the reference engine
    code = (
        "import sys\n"
        "class Nothing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        top = name.split('.')[0]\n"
        "        if top not in {'backlit', 'numpy', 'array_api_compat', *sys.stdlib_module_names}:\n"
        "            raise ImportError(f'{name} is not in a browser')\n"
        "        if name == 'backlit._native':\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Nothing())\n"
        "import numpy as np, backlit as bl\n"
        "from backlit.explanation.demon.demon import demon\n"
        "from backlit.explanation.diagnosis.diagnose import diagnose\n"
        "from backlit.grading.judge.algorithm import run\n"
        "from backlit.training.examples import Examples\n"
        "from backlit.training.options import FitOptions\n"
        "from backlit.training.run import Run\n"
        "network, x, y = bl.Network.initialize([2, 3, 1], seed=1), np.eye(2), np.ones((2, 1))\n"
        "assert bl.explain(network, x, y).to_html() and demon(network, x, y) and diagnose(network, x, y)\n"
        "options = FitOptions(epochs=3, engine='reference')\n"
        "assert Run.of(options, network, 'quadratic', Examples(x, y)).train().state.epoch == 3\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_nothing_heavy_is_imported_before_it_is_used():
    code = (
        "import sys, backlit, backlit.cli\n"
        "heavy = {'numpy', 'sklearn', 'scipy', 'polars', 'torch', 'jax', 'narwhals', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_public_names_are_there_and_stay_functions():
    code = (
        "import sys\n"
        "sys.modules['anywidget'] = None\n"  # as where no extra is installed
        "import backlit as bl, backlit.explanation.views.render\n"
        "assert all(getattr(bl, name) is not None for name in bl.__all__)\n"
        "assert callable(bl.explain)\n"
        "try:\n    bl.nonsense\nexcept AttributeError:\n    pass\nelse:\n    raise SystemExit(1)\n"
        "try:\n    bl.Lab()\nexcept bl.BacklitError as error:\n    assert 'backlit[notebook]' in str(error)\n"
        "else:\n    raise SystemExit(2)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
