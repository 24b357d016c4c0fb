"""What one more of a kind costs: the source files that name an example of it are those that CONTRIBUTING.md lists.

Each case has a pattern that finds the name wherever it is code, and the files in which it may stand, by their paths in
``src/backlit`` or ``native``. Whoever lets a name into one more file makes every later change of that kind dearer; the
test fails, and either the name goes or the list, and the page, say why it grew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE, NATIVE = ROOT / "src" / "backlit", ROOT / "native"
FILES = [*SOURCE.rglob("*.py"), *NATIVE.glob("*.[ch]pp"), ROOT / "CMakeLists.txt"]

EXAMPLES = {
    "activation mish": (
        r"\bmish\b",
        {"core/activations.py", "explanation/story/formulas.py", "native/activations.hpp"},
    ),
    "optimizer rmsprop": (
        r"(?i)\brmsprop\b",
        # the last tells people which of the estimators' parameters are its
        {"core/optimizers.py", "native/optimizers.hpp", "estimators/parameters.py"},
    ),
    # of both estimators and of `backlit train`
    "option clip_norm": (
        r"\bclip_norm_?\b|--clip-norm",
        {
            "core/optimizers.py",
            "native/optimizers.hpp",
            "native/step.cpp",
            "engine/shared_members.py",  # shortens the gradient of all members, so that its steps need not
            "training/options.py",
            "training/run_description.py",
            "estimators/parameters.py",
            "estimators/classifier.py",
            "estimators/regressor.py",
        },
    ),
    # one file, its registration, and the public function; what stands in its own folder belongs to it
    "export format c": (
        r"\bto_c\b|\bexport\.c\b|\bc_source\b",
        {"export/c.py", "export/c_source/", "export/formats.py", "__init__.py"},
    ),
    # models have a method for it, and the command's help an example
    "export format onnx": (
        r"\bto_onnx\b|\bonnx\b|\bonnx_nodes\b",
        {
            "export/onnx.py",
            "export/onnx_nodes/",
            "export/formats.py",
            "export/sources/",
            "__init__.py",
            "cli/export.py",
            "estimators/fitted.py",
            "estimators/importing.py",
            "tables/model.py",
        },
    ),
}


def named_in(pattern: str) -> set[str]:
    """The files in which a pattern is found, comments and docstrings included; a folder of export/ counts as one."""
    found = set()
    for path in FILES:
        base = SOURCE if path.is_relative_to(SOURCE) else ROOT
        if re.search(pattern, path.read_text(encoding="utf-8")):
            name = path.relative_to(base).as_posix()
            found.add(re.sub(r"^(export/\w+/).*", r"\1", name))
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_name_stands_where_the_page_says(example):
    pattern, expected = EXAMPLES[example]
    assert named_in(pattern) == expected
