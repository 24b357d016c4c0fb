"""Without a compiler the installation still succeeds, and the package runs on the reference engine."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

USE = """
import warnings
import numpy as np
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import backlit as bl
    from backlit.engine import native_is_available
    assert not native_is_available()
    assert bl.get_engine().name == "reference"
    assert bl.get_engine().name == "reference"
assert len(caught) == 1 and "compiler" in str(caught[0].message), [str(w.message) for w in caught]
try:
    bl.get_engine("native")
except bl.BacklitError as error:
    assert "compiler" in str(error)
else:
    raise SystemExit("the native engine cannot be there")
x = np.random.default_rng(0).normal(size=(50, 3))
bl.MLPClassifier(max_iter=2, engine="reference").fit(x, x[:, 0] > 0).predict(x)
print("works")
"""


pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # a copy, because the build folder of the checkout knows a compiler
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    environment = os.environ | {"CXX": str(folder / "no-such-compiler"), "CC": str(folder / "no-such-compiler")}
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", folder, source]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_without_a_compiler_works(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert not [name for name in names if name.endswith(".so")]
    assert "backlit/py.typed" in names
    # the editable installation has a finder of its own, which would find the compiled engine
    code = (
        "import sys;"
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in getattr(type(f), '__module__', '')];"
        f"sys.path.insert(0, {str(tmp_path)!r});" + f"exec({USE!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "works" in done.stdout
