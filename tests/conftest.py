import atexit
import contextlib
import gc
import importlib
import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

import needs
from backlit.cli import main

# What is started in the background of a script ignores Ctrl-C, and so does all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("JAX_ENABLE_X64", "1")  # read when jax is imported; every comparison with jax is in float64
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # it compiles much, and runs each once

# Python keeps what it compiles of a package that is imported for the first time. Every second process begins with those
# that the tests come to last, so that two processes compile for each other, rather than both the same at once.
if int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 2:
    for name in ("torch", "pandas", "matplotlib.pyplot"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)

settings.register_profile("default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", parent=settings.get_profile("default"), derandomize=False, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# Files with tests of many seconds. They come first, so that no process is left alone with one of them at the end.
LONG = {
    *("test_grade.py", "test_estimator_checks.py", "test_kill.py", "test_graceful_stop.py", "test_do_nothing.py"),
    *("test_walls.py", "test_corpus_command.py", "test_sandbox.py", "test_scikit_learn_suite.py", "test_install.py"),
    *("test_memory.py", "test_bad_input.py", "test_native.py", "test_bfloat16.py", "test_trajectory.py"),
    *("test_backpropagation.py", "test_render.py", "test_c.py", "test_real_files.py", "test_nielsen_mnist.py"),
}


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: too long for `make test`; `make soak` asks for it with BACKLIT_SOAK=1")
    config.addinivalue_line("markers", "thorough: for .ci/run and `make soak`, which ask for it; see needs.THOROUGH")
    config.addinivalue_line("markers", "cluster: starts several processes with torch or Ray; `make test-cluster`")
    config.addinivalue_line("markers", "needs(*names): what the machine must have; tests/needs.py says what that is")


def pytest_collection_modifyitems(config, items):
    wanted = {
        "soak": bool(os.environ.get("BACKLIT_SOAK")),
        "thorough": needs.THOROUGH,
        "cluster": bool(os.environ.get("BACKLIT_CLUSTER")),
    }
    left_out = [item for item in items if any(item.get_closest_marker(m) and not wanted[m] for m in wanted)]
    config.hook.pytest_deselected(items=left_out)
    kept = set(items) - set(left_out)
    items[:] = sorted((item for item in items if item in kept), key=lambda item: item.path.name not in LONG)


def pytest_collection_finish(session):
    # torch, JAX and thousands of tests stay to the end: Python's garbage collector need not look through them each time
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or else nanobind would miss them, and say so


@pytest.hookimpl(tryfirst=True)  # before the fixtures, which may need it too
def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            needs.require(name)


@pytest.fixture(scope="session")
def data_dir():
    """The folder of real data sets; tests that need it skip where it is absent."""
    needs.require("data")
    return needs.DATA


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; returns exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["backlit", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
