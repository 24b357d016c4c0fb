# ruff: noqa: PTH208
"""One file of hostile functions against every way in which walls may be had: as root or not, with namespaces or not."""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from needs import ROOT

pytestmark = pytest.mark.needs("linux")

FOLDER = Path(__file__).parent
HOSTILE = (FOLDER / "hostile.py").read_text()
LIMITS = {"time": 1.0, "total_time": 60, "memory": 256, "output": 64, "processes": 16, "restarts": 20}
UNSHARE = {"x86_64": 272, "aarch64": 97}.get(platform.machine(), 0)
LANDLOCK = 444
NOBODY = 65534

# in most containers there are no namespaces; the paths without them are tested there as anywhere
as_root, with_mounts = pytest.mark.needs("root"), pytest.mark.needs("root", "mounts")
with_users = pytest.mark.needs("Python for everybody", "user namespaces")
as_user = pytest.mark.needs("Python for everybody")
thorough = pytest.mark.thorough  # the first path has all walls, the last has fewest
USER = NOBODY if ROOT else None
# the user who grades, the system calls that this system does not have, and what is to be said of missing walls
PATHS = [
    pytest.param(None, [], [], id="root", marks=with_mounts),
    pytest.param(None, [UNSHARE], ["no namespaces"], id="root without namespaces", marks=[as_root, thorough]),
    pytest.param(USER, [], ["as the user who graded"], id="user", marks=[with_users, thorough]),
    pytest.param(
        USER,
        [UNSHARE],
        ["no namespaces", "as the user who graded"],
        id="user without namespaces",
        marks=[as_user, thorough],
    ),
    pytest.param(
        USER,
        [UNSHARE, LANDLOCK],
        ["no namespaces", "Access to files", "fill the disk", "as the user who graded"],
        id="user of an old system without namespaces",
        marks=as_user,
    ),
]


@pytest.fixture(autouse=True)
def temporary(monkeypatch):
    """The graders' folder for temporary files, which everybody may write to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o1777)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def start(uid, refused, calls, source=HOSTILE, prefix=(), **more):
    order = {
        "open": ROOT and uid is not None,
        "uid": uid,
        "refused": refused,
        "limits": LIMITS,
        "source": source,
        "calls": calls,
        **more,
    }
    command = [*prefix, sys.executable, FOLDER / "lesser_grader.py", json.dumps(order)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")


def grade(*order, **more):
    grader = start(*order, **more)
    output, errors = grader.communicate(timeout=120)
    assert grader.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


STOPPED = {
    "loops": {"time"},
    "exits": {"exit"},
    "exits_at_once": {"exit"},
    "prints": {"output"},
    "forks": {"time", "memory"},
}
REFUSED = {
    "takes_memory": "MemoryError",
    "shares_memory_without_a_name": "PermissionError",
    "shares_memory_by_key": "PermissionError",
    "becomes_root_of_its_own": "PermissionError",
    "reads": "PermissionError",
    "reads_memory": "PermissionError",
    "writes": "PermissionError OSError",
    "fills_the_disk": "PermissionError OSError",
    "changes_mode": "PermissionError",
    "connects": "PermissionError",
    "connects_a_pair": "PermissionError",
    "connects_by_ring": "PermissionError",
    "kills": "PermissionError",
    "starves": "PermissionError",
    "signals_by_file": "PermissionError",
}


@pytest.mark.parametrize(("uid", "refused", "missing"), PATHS)
def test_hostile_functions_get_away_with_nothing(uid, refused, missing):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        calls = [
            *([name] for name in ("harmless", "starts_threads", "tampers", "forks_apart", *STOPPED)),
            *([name] for name in ("takes_memory", "shares_memory_without_a_name", "shares_memory_by_key")),
            *([name] for name in ("becomes_root_of_its_own", "fills_the_disk", "connects_by_ring")),
            *([name, "SECRET"] for name in ("reads", "writes", "changes_mode")),
            *([name, "GRADER"] for name in ("reads_memory", "starves", "signals_by_file")),
            *([name, port] for name in ("connects", "connects_a_pair")),
            ["kills", "GRADERS"],
        ]
        report = grade(uid, refused, calls)
    answers = report["answers"]
    assert [answers[name]["value"] for name in ("harmless", "starts_threads", "forks_apart")] == ["1.0", "True", "5"]
    assert answers["tampers"]["value"] == "1.0" or answers["tampers"]["stopped"] == "crash"
    for name, reasons in STOPPED.items():
        assert answers[name]["stopped"] in reasons, (name, answers[name])
    said = [remark for remark in report["remarks"] if "was stopped in" not in remark]
    assert len(said) == len(missing), said
    assert all(words in remark for words, remark in zip(missing, said, strict=True)), said
    unguarded = {"reads", "writes", "fills_the_disk"} if LANDLOCK in refused else set()
    for name in REFUSED.keys() - unguarded:
        assert str(answers[name]["error"]).startswith(tuple(REFUSED[name].split())), (name, answers[name])
    assert unguarded or report["solution"] == "precious"
    assert report["mode"] == "0o600"


@pytest.mark.parametrize(("uid", "refused", "missing"), PATHS)
def test_memory_that_processes_share_counts(uid, refused, missing):
    # it is to be stopped for its memory, however long a busy machine takes to fill that
    report = grade(uid, refused, [["shares_memory"]], limits=LIMITS | {"time": 60})
    assert report["answers"]["shares_memory"]["stopped"] == "memory"


SLEEPS = """
import os, time
def sleeps(marker):
    os.environ["MARKER"] = marker
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execv("/bin/sleep", ["sleep", marker])
            os._exit(0)
    return 1
"""


def sleepers(marker: str) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\0" + marker.encode() + b"\0":
                found.append(int(pid))
        except OSError:
            continue
    return found


def wait_until(condition) -> bool:
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize(("uid", "refused", "missing"), PATHS)
def test_nothing_outlives_a_grader_that_is_killed(uid, refused, missing, temporary):
    marker = f"{300 + os.getpid() / 2**22:.8f}"
    grader = start(uid, refused, [["sleeps", marker]], SLEEPS, linger=True)
    try:
        assert grader.stdout.readline() == "lingering\n", grader.communicate()
        assert wait_until(lambda: len(sleepers(marker)) == 3)
        assert len(list(temporary.glob("backlit-grade-*"))) == 1
    finally:
        os.kill(grader.pid, signal.SIGKILL)
        grader.communicate()
    assert wait_until(lambda: not sleepers(marker))
    assert wait_until(lambda: not list(temporary.glob("backlit-grade-*")))


CLOSE = """
kept=$(mktemp -d) && mount --bind "$1" "$kept" && mount -t tmpfs -o mode=700 tmpfs "$(dirname "$1")" &&
mkdir "$1" && mount --bind "$kept" "$1" && shift && exec "$@"
"""


@with_mounts
@pytest.mark.parametrize("landlock", [True, False], ids=["with Landlock", "without Landlock"])
def test_packages_that_only_root_can_read(landlock):
    # in a view of the files that only this command has, the folder above the packages is closed, and stays so
    close = ["unshare", "--mount", "sh", "-c", CLOSE, "sh", Path(np.__file__).parents[1]]
    refused = [UNSHARE] if landlock else [UNSHARE, LANDLOCK]
    source = HOSTILE + "\ndef imports():\n    import numpy.polynomial, this\n    return 7\n"
    calls = [["imports"], ["reads", "SECRET"], ["reads", __file__], ["writes", "SECRET"]]
    grader = start(None, refused, calls, source, prefix=close)
    output, errors = grader.communicate(timeout=60)
    if landlock:
        answers = json.loads(output.splitlines()[-1])["answers"]
        assert answers["imports"]["value"] == "7", answers
        assert answers["reads"]["error"].startswith("PermissionError"), answers
    else:
        assert "Install Python and backlit where everybody may read" in errors


@with_mounts
def test_where_proc_cannot_be_mounted_it_is_hidden():
    # as in a container: the kernel mounts no fresh /proc in a namespace where something covers a part of the old one
    cover = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /proc/sys && exec "$@"', "sh"]
    source = "import os\ndef listed():\n    return len(os.listdir('/proc'))\n"
    report = grade(NOBODY, [], [["listed"]], source, prefix=cover)
    assert report["answers"]["listed"]["value"] == "0", report
