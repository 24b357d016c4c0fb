"""Runs `backlit train` again and again in forks of one warm process, and kills them. Run by test_kill.py.

A fork begins with everything imported, so that a run takes a fraction of a second and a kill can fall anywhere in it:
while the table is read, in an epoch, while a checkpoint or the model is written. Waiting for the disk is made slower,
so that many kills fall into a write.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import backlit.cli.app
from backlit.errors import ModelFileError
from backlit.persistence.checkpoint_file import read_document

SECONDS_FOR_THE_DISK = 0.01


def start(arguments: list[str], log: Path, modules: Path | None = None) -> int:
    """Start the command in a fork and return its process number; it writes down the modules it has used."""
    pid = os.fork()
    if pid:
        return pid
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    fsync = os.fsync

    def slow_fsync(file: int) -> None:
        time.sleep(SECONDS_FOR_THE_DISK)
        fsync(file)

    os.fsync = slow_fsync
    sys.argv = ["backlit", *arguments]
    code = 99
    try:
        backlit.cli.app.main()
    except SystemExit as leaving:
        code = leaving.code or 0
    if modules is not None:
        modules.write_text(json.dumps(sorted(sys.modules)))
    os._exit(code)


def end(pid: int, seconds: float, run: Path | None = None) -> int | None:
    """Kill the process after some seconds; return its exit code if it had ended before, else None.

    With `run`, the seconds count from the next checkpoint that is written there.
    """
    before = checkpoints(run) if run is not None else None
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if before is not None:
            if checkpoints(run) == before:
                deadline = time.monotonic() + seconds
            else:
                before = None
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return None if code == -signal.SIGKILL else code


def checkpoints(run: Path) -> list[str]:
    return sorted(path.name for path in run.glob("epoch-*"))


def hidden(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob(".backlit-*"))


def torn(run: Path) -> list[str]:
    """Checkpoints that are there by their name, but not whole."""
    result = []
    for path in run.glob("epoch-*.safetensors"):
        try:
            read_document(path)
        except ModelFileError as error:
            result.append(f"{path}: {error}")
    return result


def main(folder: Path, n_kills: int, options: list[str]) -> None:
    """Train undisturbed, then kill and go on until there were `n_kills` kills and the last run has ended."""
    log, modules = folder / "log.txt", folder / "modules.json"

    def command(name: str) -> list[str]:
        (folder / name).mkdir()
        return ["train", "table.csv", "--out", str(folder / name / "m.safetensors"), "--checkpoint",
                str(folder / name / "run"), "--resume", "--quiet", *options]  # fmt: skip

    assert end(start(command("cold"), log, modules), 300) == 0, log.read_text()
    for name in json.loads(modules.read_text()):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    began = time.monotonic()
    assert end(start(command("undisturbed"), log), 300) == 0, log.read_text()
    seconds = time.monotonic() - began
    result = (folder / "undisturbed" / "m.safetensors").read_bytes()
    kept = checkpoints(folder / "undisturbed" / "run")

    report = {"kills": 0, "runs": 0, "while_writing": 0, "problems": []}
    while report["kills"] < n_kills:
        name = f"killed-{report['runs']}"
        arguments, here = command(name), folder / name
        report["runs"] += 1
        while True:
            # half of the kills anywhere in the run, half of them within a few epochs
            if random.random() < 0.5:
                code = end(start(arguments, log), random.uniform(0, seconds))
            else:
                code = end(start(arguments, log), random.uniform(0, 20 * SECONDS_FOR_THE_DISK), here / "run")
            if code is not None:
                break
            report["kills"] += 1
            report["while_writing"] += any(path.endswith(".tmp") for path in hidden(here))
            report["problems"] += torn(here / "run")
        if code != 0:
            report["problems"].append(f"{name} ended with {code}: {log.read_text()[-2000:]}")
            break
        if (here / "m.safetensors").read_bytes() != result:
            report["problems"].append(f"{name} gave other bits than the undisturbed run")
        if hidden(here):
            report["problems"].append(f"{name} left {hidden(here)}")
        if checkpoints(here / "run") != kept:
            report["problems"].append(f"{name} kept other checkpoints than the undisturbed run")
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
