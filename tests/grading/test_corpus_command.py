"""The programs in `right/` and `wrong/` through the command and behind the walls, as a teacher grades them.

Every thirtieth by default; ``BACKLIT_CORPUS=all`` grades them all, as ``make soak`` does.
"""

from __future__ import annotations

import json

import pytest
from corpus import EVERY, RIGHT, WRONG, header, task

import needs

# a command takes a second or two, where test_grade takes a fraction of one
STEP = 1 if EVERY == 1 else (3 if needs.THOROUGH else 9) * EVERY


@pytest.mark.parametrize("path", [*RIGHT[::STEP], *WRONG[::STEP]], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_command_says_what_is_wrong(path, run):
    options = [
        text
        for name, value in task(path).items()
        for text in (f"--{name}", value if isinstance(value, str) else ",".join(value))
    ]
    # where a program has two mistakes, which one shows first is a matter of the numbers drawn
    code, out, _ = run("grade", path, "--format", "json", "--seed", "0", *options)
    verdict = json.loads(out)
    if path in RIGHT:
        assert (code, verdict["verdict"], verdict["findings"]) == (0, "pass", []), verdict
        return
    assert (code, verdict["verdict"]) == (1, "fail"), verdict
    first = verdict["findings"][0]
    # that the mistake is named in nine of ten is counted in test_grade; through the command each is, so far
    assert (first["equation"], str(first["mistake"])) == (header(path)["equation"], header(path)["mistake"])
