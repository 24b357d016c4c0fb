"""Threads: as many as the machine grants, never a different result, and no trouble with other threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest

from backlit import _native
from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine


def trained_bits(n_threads):
    network = Network.initialize([64, 130, 10], ["relu", "softmax"], seed=2, dtype="float32")
    x = np.random.default_rng(0).random((6000, 64), dtype="float32")
    y = np.eye(10, dtype="float32")[np.arange(6000) % 10]
    session = NativeEngine().open(network, Objective("cross_entropy"), Adam(), n_threads=n_threads)
    session.run_steps(x, y, np.arange(6000), 1000, np.full(6, 1e-3))
    return session.network().weights[0].tobytes()


def group(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"job/task": {"cpu.max": "150000 100000"}}, 2),
        ({"job/task": {"cpu.max": "max 100000"}}, 0),
        ({"job/task": {"cpu.max": "max 100000"}, "job": {"cpu.max": "300000 100000"}}, 3),
        ({"job/task": {"cpu.max": "400000 100000"}, ".": {"cpu.max": "50000 100000"}}, 1),
        ({"job/task": {"cpu.max": "nonsense"}}, 0),
        ({}, 0),
    ],
)
def test_groups_of_version_2_grant_processors(tmp_path, files, expected):
    for folder, content in files.items():
        group(tmp_path / folder, content)
    (tmp_path / "list").write_text("0::/job/task\n")
    assert _native.processors_of_groups(str(tmp_path / "list"), str(tmp_path)) == expected


def test_groups_of_version_1_grant_processors(tmp_path):
    group(tmp_path / "cpu,cpuacct/job", {"cpu.cfs_quota_us": "100000", "cpu.cfs_period_us": "50000"})
    group(tmp_path / "cpu,cpuacct", {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"})
    group(tmp_path / "cpuset/job", {"cpu.cfs_quota_us": "1", "cpu.cfs_period_us": "1"})  # is not asked
    (tmp_path / "list").write_text("5:cpuset:/job\n4:cpu,cpuacct:/job\n1:name=systemd:/\n")
    assert _native.processors_of_groups(str(tmp_path / "list"), str(tmp_path)) == 2


def test_no_groups_at_all_set_no_limit(tmp_path):
    assert _native.processors_of_groups(str(tmp_path / "missing"), str(tmp_path)) == 0


@pytest.mark.needs("affinity")
def test_affinity_is_respected():
    program = (
        "import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1]);"
        "from backlit import _native; raise SystemExit(_native.available_processors() != 1)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert 1 <= _native.available_processors() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("width", "batch_size", "n_rows", "n_threads"),
    [
        (256, 128, 12800, 2),
        (256, 1, 12800, 1),  # steps too small to share
        (256, 32, 32, 1),  # over before a second thread has begun
        (256, 32, 3200, 2),  # neurons are shared,
        (128, 48, 4800, 1),  # which three panels cannot be evenly; and of so few rows,
        (128, 64, 3200, 2),
    ],
)
def test_threads_are_for_what_is_worth_them(width, batch_size, n_rows, n_threads):
    network = Network.initialize([width, width, width, 10], ["relu", "relu", "softmax"], seed=0, dtype="float32")
    session = NativeEngine().open(network, Objective("cross_entropy"), Adam(), n_threads=2)._session
    assert session.threads_for_steps(batch_size, n_rows) == n_threads


def test_more_threads_than_processors_give_the_same_bits():
    assert trained_bits(8 * (os.cpu_count() or 1)) == trained_bits(1)


def test_many_callers_at_once_each_with_threads_of_its_own():
    results = [b""] * 4

    def work(i):
        results[i] = trained_bits(2)

    callers = [threading.Thread(target=work, args=(i,)) for i in range(len(results))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert set(results) == {trained_bits(1)}


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_workers_of_joblib_give_the_same_bits(backend):
    bits = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(trained_bits)(2) for _ in range(4))
    assert set(bits) == {trained_bits(1)}


@pytest.mark.needs("two processors")
def test_threads_that_meet_on_one_processor_part(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    processors = sorted(os.sched_getaffinity(0))
    barrier = _native.Barrier(2)

    def meet(after):
        time.sleep(after)  # the first one sleeps when the other arrives
        os.sched_setaffinity(0, processors[:1])  # of this thread
        os.sched_setaffinity(0, processors)
        return barrier.wait()

    met = parted = 0
    with ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            (first, _), (then, there) = pool.map(meet, (0, 0.02))
            if first == then:  # as they were told, unless the system moved one already
                met += 1
                parted += there != then
    assert met > 10 and parted > 0.8 * met, (met, parted)


@pytest.mark.needs("/proc")
def test_no_thread_outlives_a_call():
    def threads():
        return {path.name for path in Path("/proc/self/task").iterdir()}

    before = threads()
    trained_bits(2)
    assert threads() <= before


def test_bits_do_not_depend_on_who_else_is_at_work():
    # steps begin on two threads, and go on with one where these have to wait for their processors
    network = Network.initialize([64, 130, 70, 10], ["relu", "gelu", "softmax"], seed=2, dtype="float32")
    x = np.random.default_rng(0).random((3000, 64), dtype="float32")
    y = np.eye(10, dtype="float32")[np.arange(3000) % 10]
    order = np.random.default_rng(0).permutation(np.tile(np.arange(3000), 120))
    rates = np.linspace(1e-3, 1e-4, len(order) // 250)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    found = []
    try:
        for n_threads in (2, 1):
            session = NativeEngine().open(network, Objective("cross_entropy"), Adam(), n_threads=n_threads)
            costs = session.run_steps(x, y, order, 250, rates).costs
            found.append([array.tobytes() for array in (*session.network().weights, costs)])
            for process in busy:
                process.kill()
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert found[0] == found[1]
