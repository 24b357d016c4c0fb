"""A class of fifty and a hundred slow or broken clients, while somebody trains."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from load import Broken, Load, Page


@pytest.fixture
def server():
    """A lab's server as a process of its own: its number, its host and its token."""
    command = [sys.executable, "-m", "backlit", "lab", "--no-browser", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            host, _, token = process.stdout.readline().strip().removeprefix("http://").partition("/#token=")
            yield process.pid, host, token
        finally:
            process.send_signal(signal.SIGINT)


def test_ctrl_c_amid_a_training_ends_the_lab():
    command = [sys.executable, "-m", "backlit", "lab", "--no-browser", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        host, _, token = process.stdout.readline().strip().removeprefix("http://").partition("/#token=")
        load = Load(host, token)
        lab = load.open_lab()
        load.ask(lab, "SetTraining", solver="sgd", learning_rate=0.01, batch_size=1)
        load.ask(lab, "Play")
        process.send_signal(signal.SIGINT)
        assert (process.wait(20), process.stderr.read()) == (0, "")


def memory(pid: int) -> float:
    """MB."""
    return next(
        int(line.split()[1]) / 1024
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )


def trained(pid: int) -> float:
    """The seconds that the thread which works most, the training, had a core."""
    return max(int((task / "schedstat").read_text().split()[0]) / 1e9 for task in Path(f"/proc/{pid}/task").iterdir())


def share_of_training(load: Load, pid: int, seconds: float) -> float:
    """How much of the time the training had a core, while the clients do what they do."""
    before, since = trained(pid), time.monotonic()
    load.run(seconds)
    return (trained(pid) - before) / (time.monotonic() - since)


@pytest.mark.soak
@pytest.mark.needs("/proc")
def test_fifty_pages_and_a_hundred_broken_clients_slow_nobody(server):
    # by the clock: it wants a machine of two processors that is not at work elsewhere
    pid, host, token = server
    load = Load(host, token)
    player = load.open_lab()
    load.ask(player, "ChooseData", name="spirals")
    load.ask(
        player,
        "SetNetwork",
        **{
            "hidden": [64, 64],
            "activations": ["tanh", "tanh"],
            "output_activation": "sigmoid",
            "loss": "cross_entropy",
        },
        seed=0,
    )
    # epochs of some milliseconds, so that the most that a lab keeps are not done within the minute
    load.ask(player, "SetTraining", solver="sgd", learning_rate=0.01, batch_size=1)
    load.listen(player)
    load.ask(player, "SetPictures")
    load.ask(player, "Play")
    load.run(2)
    alone = share_of_training(load, pid, 15)
    for _ in range(50):
        Page(load, every=2.0)
    load.run(3)
    began = memory(pid)
    for kind in range(100):
        Broken(load, kind)
    load.took.clear()
    beside = share_of_training(load, pid, 60)
    assert load.ask(player, "Pause")["time"]["length"] > 0
    assert not load.wrong
    took = sorted(load.took)
    figures = {
        "clicks": len(took),
        "median": took[len(took) // 2],
        "p95": took[int(0.95 * len(took))],
        "MB": memory(pid) - began,
        "training alone, and beside them": (alone, beside),
    }
    print(figures)
    assert len(took) > 1000
    assert figures["p95"] <= 0.5, figures
    assert figures["MB"] <= 100, figures
    assert beside >= 0.9 * alone, figures
