# ruff: noqa: PTH208
"""Hostile and broken programs end in a clear outcome, and leave neither a process nor a file behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from backlit.errors import InvalidInputError
from backlit.grading.reading.student import Call, StoppedError
from backlit.grading.sandbox import process
from backlit.grading.sandbox.limits import Limits
from backlit.grading.sandbox.messages import encode_call
from backlit.grading.sandbox.process import StopError
from backlit.grading.sandbox.process_table import descendants, family
from backlit.grading.sandbox.sandboxed_student import SandboxedStudent

pytestmark = pytest.mark.needs("linux")

LIMITS = Limits(time=1.5, total_time=30, memory=256, output=64, processes=16, restarts=2)


def open_student(folder: Path, text: str, name: str = "student.py", limits: Limits = LIMITS) -> SandboxedStudent:
    path = folder / name
    path.write_text(text)
    return SandboxedStudent(path, limits)


def outcomes(folder: Path, text: str, *calls: Call, limits: Limits = LIMITS):
    with open_student(folder, text, limits=limits) as student:
        student.inventory()
        return student.run(calls or [Call("f")])


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch, tmp_path):  # pytest makes its own folders before ours is the one for them
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the program runs as another user
        monkeypatch.setattr(tempfile, "tempdir", folder)
        children = set(_children())
        yield
        assert os.listdir(folder) == []
        assert set(_children()) <= children


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_values_come_back_as_they_are(tmp_path):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    text = "def f(x, k=1):\n    x *= 2\n    return x, (k, None, 'é'), {'n': [x.T]}\n"
    (outcome,) = outcomes(tmp_path, text, Call("f", (x,), {"k": 2.5}))
    value, rest, named = outcome.value
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, 2 * x)
    assert rest == (2.5, None, "é")
    np.testing.assert_array_equal(named["n"][0], 2 * x.T)
    np.testing.assert_array_equal(outcome.args_after[0], 2 * x)
    assert x[0, 1] == 1


def test_objects_live_within_a_script_and_globals_beyond(tmp_path):
    text = (
        "import numpy as np\ncount = 0\nclass Network:\n    def __init__(self, n): self.n = n\n"
        "    def step(self):\n        global count\n        count += 1\n        self.n += 1\n        return count\n"
    )
    with open_student(tmp_path, text) as student:
        assert [info.name for info in student.inventory().classes["Network"]] == ["__init__", "step"]
        script = [Call("Network", (3,), attributes={"m": 7}), Call(".step", read=("n", "m", "missing"))]
        assert student.run(script)[1].attributes == {"n": 4, "m": 7}
        assert student.run(script)[1].value == 2


def test_memory_is_looked_at_by_the_clock_not_by_the_request(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_SECONDS_BETWEEN_LOOKS", 3600.0)
    looks = []
    monkeypatch.setattr(process.Process, "_look_at_memory", lambda self: looks.append(self))
    with open_student(tmp_path, "def f():\n    return 7\n") as student:
        assert [student.run([Call("f")])[0].value for _ in range(3)] == [7, 7, 7]
    assert len(looks) == 1


def test_an_error_names_the_line(tmp_path):
    (outcome,) = outcomes(tmp_path, "def f():\n    x = 1\n    return x / 0\n")
    assert (outcome.error, outcome.line, outcome.stopped) == ("ZeroDivisionError: division by zero", 3, None)


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ("while True: pass", {"time"}),
        pytest.param("import time; time.sleep(1000)", {"time"}, marks=pytest.mark.thorough),
        ("import signal; [signal.signal(s, signal.SIG_IGN) for s in (15, 2, 1)]\n    while True: pass", {"time"}),
        ("exit()", {"exit"}),
        pytest.param("import sys; sys.exit(0)", {"exit"}, marks=pytest.mark.thorough),
        ("import os; os._exit(0)", {"exit"}),
        ("import os; os.kill(os.getpid(), 9)", {"crash"}),
        pytest.param("import ctypes; ctypes.string_at(0)", {"crash"}, marks=pytest.mark.thorough),
        ("while True: print('x' * 1000)", {"output"}),
        pytest.param(
            "import sys\n    while True: sys.stderr.write('x' * 1000)", {"output"}, marks=pytest.mark.thorough
        ),
        (
            "import os\n    while True:\n        try: os.fork()\n        except OSError: pass",
            {"time", "memory"},
        ),
        (
            "import os, time\n    for i in range(12):\n        if os.fork() == 0:\n            x = bytearray(10**8)\n"
            "            time.sleep(60)\n    time.sleep(60)",
            {"memory"},
        ),
        pytest.param("import os\n    os.closerange(3, 60)", {"exit", "crash", "time"}, marks=pytest.mark.thorough),
    ],
)
def test_what_stops_a_program_is_said_and_the_rest_goes_on(tmp_path, body, reasons):
    start = time.monotonic()
    with open_student(tmp_path, f"def f():\n    {body}\ndef g():\n    return 7\n") as student:
        student.inventory()
        first, second = student.run([Call("f"), Call("g")])
        assert first.stopped in reasons
        assert first.value is None
        assert second.stopped is not None or second.value == 7
        assert any("stopped in f" in remark for remark in student.remarks)
        assert student.run([Call("g")])[0].value == 7
    assert time.monotonic() - start < 50  # before what sleeps for a minute would have ended


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("import numpy as np; return np.ones(10**10)", "MemoryError"),
        ("return bytearray(10**10)", "MemoryError"),
        ("return f()", "RecursionError"),
        ("return input()", "EOFError"),
        ("return (i for i in range(3))", "TypeError: a generator"),
        ("x = []; x.append(x); return x", "TypeError: lists are nested"),
        ("import numpy as np; return np.zeros((3000, 1000))", "TypeError: an array of shape"),
        ("class Evil:\n        def __array__(self, *a, **k): raise KeyError('evil')\n    return Evil()", "KeyError"),
        ("class Evil:\n        def __reduce__(self): return (print, ('evil',))\n    return Evil()", "TypeError"),
        ("import backlit", "ModuleNotFoundError"),
        ("import os; os.kill(1, 9); os.kill(os.getppid(), 9); raise LookupError", "PermissionError"),
        ("import os; os.setuid(0)", "PermissionError|OSError: [Errno 22]"),  # where there is no root to become
        ("open('big', 'wb').write(bytes(200 * 2**20))", "MemoryError|OSError|PermissionError"),
        ("open('/tmp/escaped', 'w')", "OSError|PermissionError"),
    ],
)
def test_what_is_refused_is_an_error_of_the_program(tmp_path, body, error):
    (outcome,) = outcomes(tmp_path, f"def f():\n    {body}\n")
    assert outcome.stopped is None
    assert outcome.value is None
    assert outcome.error.startswith(tuple(error.split("|"))), outcome.error


def test_there_is_no_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()  # the test itself can
        text = f"import socket\ndef f():\n    socket.create_connection(('127.0.0.1', {port}), timeout=1)\n"
        (outcome,) = outcomes(tmp_path, text)
    assert outcome.error == "PermissionError: [Errno 1] Operation not permitted"


def test_files_outside_stay(tmp_path):
    with tempfile.NamedTemporaryFile("r+", dir="/tmp") as victim:
        victim.write("precious")
        victim.flush()
        Path(victim.name).chmod(0o666)
        (outcome,) = outcomes(tmp_path, f"def f():\n    open({victim.name!r}, 'w').write('gone')\n")
        assert outcome.error.startswith(("OSError: [Errno 30] Read-only", "PermissionError"))
        assert Path(victim.name).read_text() == "precious"


def test_a_process_that_has_ended_keeps_its_pid_until_it_is_killed(tmp_path):
    with open_student(tmp_path, "import os\ndef f():\n    os._exit(0)\n") as student:
        student.inventory()
        process = student._process
        process.send({"script": [encode_call(Call("f"))]})
        with pytest.raises(StopError) as caught:
            process.receive(time.monotonic() + 60)
        assert caught.value.reason == "exit"
        state = Path(f"/proc/{process._child.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state == "Z"


@pytest.mark.needs("root")
def test_graders_that_start_at_once_take_different_users(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_USERS", range(60_000, 60_002))
    for _ in range(20):
        users = [process._give_away(tmp_path) for _ in range(2)]
        assert {user.uid for user in users} == {60_000, 60_001}
        for user in users:
            user.close()


def test_the_thread_that_started_it_may_end(tmp_path):
    with open_student(tmp_path, "def f():\n    return 7\n") as student:
        thread = threading.Thread(target=student.inventory)
        thread.start()
        thread.join()
        time.sleep(0.1)
        assert student.run([Call("f")])[0].value == 7


def test_tampering_changes_values_at_most(tmp_path):
    text = (
        "import sys, json, builtins, threading, os\nimport numpy as np\n"
        "np.allclose = lambda *a, **k: True\nnp.dot = lambda *a: 42\njson.dumps = lambda *a, **k: 'nonsense'\n"
        "sys.stdout.close()\nbuiltins.len = lambda x: 3\nfor m in list(sys.modules): sys.modules[m].__dict__.clear() "
        "if m.startswith('backlit') and sys.modules[m] else None\n"
        "def f():\n    return 1.0\n"
    )
    with open_student(tmp_path, text) as student:
        try:
            student.inventory()
            (outcome,) = student.run([Call("f")])
        except StoppedError:
            return
    assert outcome.value is None or outcome.value == 1.0


def test_fake_messages_cannot_hurt_the_grader(tmp_path):
    text = (
        "import os\ndef f():\n    for fd in range(3, 30):\n"
        "        try: os.write(fd, b'{\"value\": {\"array\": 1}}\\n' + b'[' * 100000 + b'\\n')\n"
        "        except OSError: pass\n"
        "    return 1\n"
    )
    assert outcomes(tmp_path, text)[0].stopped == "crash"


def test_threads_and_orphans_do_not_outlive_the_grading(tmp_path):
    text = (
        "import threading, os, time\ndef f():\n    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0: time.sleep(60)\n        os._exit(0)\n"
        "    return 5\n"
    )
    n = threading.active_count()
    assert outcomes(tmp_path, text)[0].value == 5
    assert threading.active_count() == n


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(:\n", "SyntaxError"),
        ("x = 1\nraise ValueError('no')\n", "ValueError: no (line 2)"),
        ("import sys\nsys.exit(0)\n", "called exit()"),
        ("while True: pass\n", "did not end in time"),
        ("import os; os._exit(0)\n", "called exit()"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why(tmp_path, text, words):
    with open_student(tmp_path, text) as student, pytest.raises(StoppedError) as caught:
        student.inventory()
    assert words in str(caught.value)


def test_a_module_named_numpy_beside_it_is_not_used(tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit")
    assert outcomes(tmp_path, "import numpy as np\ndef f():\n    return np.add(1, 2)\n")[0].value == 3


def test_restarts_come_to_an_end(tmp_path):
    limits = Limits(time=0.3, restarts=1)
    with open_student(tmp_path, "def f():\n    while True: pass\n", limits=limits) as student:
        student.inventory()
        assert [student.run([Call("f")])[0].stopped for _ in range(4)] == ["time"] * 4
        assert "so often" in student.remarks[-1]


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"\.py"):
        open_student(tmp_path, "", "student.txt")


def test_a_family_is_found_without_a_look_at_all_processes():
    # a child of another thread, and its child
    text = "import subprocess, threading\nthreading.Thread(target=subprocess.run, args=(['sleep', '60'],)).start()"
    child = subprocess.Popen([sys.executable, "-c", text], start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not (found := family(child.pid)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(found) == 1
        assert found == descendants(child.pid)
        assert {child.pid, *found} <= set(family(os.getpid()))
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
