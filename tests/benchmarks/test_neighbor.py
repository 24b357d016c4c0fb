"""The neighbor beside which workloads are measured, and what is said of them."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

import pytest

# which the benchmark of tables has as well, or which this one loads
NAMES = {"neighbor", "training", "cases", "machine", "contestants", "correctness", "interleaved", "pages"}


@pytest.fixture
def neighbor(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    others = take_out()
    yield importlib.import_module("neighbor")
    take_out()
    sys.modules.update(others)


def take_out():
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in NAMES}


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_it_works_while_it_is_entered_and_rests_after(neighbor):
    beside = neighbor.Neighbor()
    try:
        with beside:
            began = processor_seconds(beside.pid)
            until = time.monotonic() + 30  # on a busy machine it has to wait for its processor
            while processor_seconds(beside.pid) < began + 0.1 and time.monotonic() < until:
                time.sleep(0.05)
            assert processor_seconds(beside.pid) >= began + 0.1
        rested = processor_seconds(beside.pid)
        time.sleep(0.3)
        assert processor_seconds(beside.pid) == rested
    finally:
        beside.close()
    assert not Path(f"/proc/{beside.pid}").exists()


def test_the_table_says_what_is_kept_of_the_lead(neighbor):
    def row(contestant, beside, microseconds):
        return {
            "case": "W1",
            "n_threads": 1,
            "contestant": contestant,
            "beside": beside,
            "microseconds": microseconds,
        }

    rows = [row("backlit", False, 10), row("JAX", False, 40), row("backlit", True, 20), row("JAX", True, 60)]
    line = [cell.strip() for cell in neighbor.report(rows).splitlines()[-1].strip("|").split("|")]
    assert line == ["W1", "1", "10.0", "40.0", "4.00", "20.0", "60.0", "3.00", "75 %"]
    assert len(neighbor.report(rows[:-1]).splitlines()) == 2  # one is missing, so nothing can be said
