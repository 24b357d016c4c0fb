"""The page docs/see-through-it.md shows what its commands print."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

specification = importlib.util.spec_from_file_location("tutorial", ROOT / "docs" / "tutorial.py")
tutorial = importlib.util.module_from_spec(specification)
specification.loader.exec_module(tutorial)


@pytest.mark.soak
def test_the_page_shows_what_its_commands_print():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "tutorial.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


PAGE = """\
# A page

```console
$ echo 1.5 > number.txt
$ cat \\
    number.txt
2
```

```python
print("$ echo no")
```

```console about
$ echo cost 1.02
cost 1
```
"""


def test_the_commands_run_one_after_the_other(tmp_path):
    came = tutorial.written(PAGE, tmp_path)
    assert "$ cat \\\n    number.txt\n1.5\n```" in came
    assert 'print("$ echo no")' in came
    assert tutorial.written(came, tmp_path) == came
    assert [text.split("\n")[1] for text in tutorial.differences(PAGE, came)] == ["$ echo 1.5 > number.txt"]


def test_a_command_that_does_not_work_ends_it(tmp_path):
    with pytest.raises(SystemExit, match="ended with 127"):
        tutorial.run("no-such-command", tmp_path)
    with pytest.raises(SystemExit, match="there is no such"):
        tutorial.run("echo 'Error: there is no such file.' >&2 | head -n 1", tmp_path)
    assert tutorial.run("printf 'PASS\\n\\nNote: no namespaces\\nhere.\\n\\nmore'", tmp_path) == "PASS\n\nmore"
    assert tutorial.run("echo wrong; exit 1", tmp_path) == "wrong"  # as grade does


@pytest.mark.parametrize(
    ("stands", "came", "exactly", "about"),
    [
        ("C = 1.10", "C = 1.10", True, True),
        ("C = 1.10", "C = 1.12", False, True),
        ("C = 1.10", "C = 1.30", False, False),
        ("C = 1.10", "D = 1.10", False, False),
        ("a  1.3e−06", "a 1.32e−06", False, True),
        ("a  1.3e−06", "a  1.3e−05", False, False),
        ("dead 3 %", "dead 7 %", False, True),
        ("dead <1 %", "dead 0 %", False, True),
        ("dead 3 %", "dead 13 %", False, False),
        ("1,797 rows", "1,797 rows", True, True),
        ("1 2", "1", False, False),
    ],
)
def test_what_agrees(stands, came, exactly, about):
    assert tutorial.agrees(stands, came) == exactly
    assert tutorial.agrees(stands, came, about=True) == about
