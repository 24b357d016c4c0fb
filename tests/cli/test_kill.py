"""SIGKILL at any moment, a full disk, a folder that cannot be written to: nothing that was kept is lost.

``BACKLIT_KILLS`` says how many kills, 9 by default; ``make soak`` asks for 200.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from commands import homes

KILLS = int(os.environ.get("BACKLIT_KILLS", "9"))
NOBODY = 65534
TRAIN = ["train", "homes.csv", "--target", "worth", "--out", "m.safetensors", "--hidden", "16", "--epochs", "6"]
KEPT = ["--checkpoint", "run", "--resume"]

# each on its own path through the end of an epoch: patience, adaptive rates, a horizon, no validation at all
PLANS = [
    ["--patience", "3", "--schedule", "one_cycle", "--solver", "adam"],
    ["--patience", "1", "--schedule", "adaptive", "--solver", "sgd", "--learning-rate", "0.3"],
    ["--validation", "0", "--schedule", "cosine", "--solver", "rmsprop", "--checkpoint-keep", "1"],
]


# with adaptive rates there is most to go on from; the others are no different until the end of an epoch
@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(plan, id=plan[3], marks=pytest.mark.thorough if plan[3] == "adaptive" else pytest.mark.soak)
        for plan in PLANS
    ],
)
def test_a_killed_run_goes_on_and_ends_with_the_same_bits(plan, tmp_path):
    table = homes(600)
    table.with_columns(worth=pl.col("worth") * 1e-4).write_csv(tmp_path / "table.csv")
    n_kills = -(-KILLS // len(PLANS))
    driver = Path(__file__).with_name("kill_driver.py")
    options = [
        "--target",
        "worth",
        "--preset",
        "plain",
        "--hidden",
        "32,16",
        "--epochs",
        "12",
        "--batch-size",
        "16",
        *plan,
    ]
    done = subprocess.run(
        [sys.executable, driver, tmp_path, str(n_kills), *options],
        cwd=tmp_path, capture_output=True, text=True, timeout=60 + 20 * n_kills, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["problems"] == []
    assert report["kills"] >= n_kills
    if n_kills >= 50:  # with a few kills, chance may have it that none falls into a write
        assert report["while_writing"] > 0, "no kill fell into a write: this tested too little"


@contextlib.contextmanager
def tiny_disk(folder, kilobytes):
    """A real file system of a given size at `folder`; or where that may not be had, files cannot grow beyond it."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    if os.getuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0:
        try:
            yield "No space left"
        finally:
            subprocess.run(["umount", folder], check=True)
    else:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
        try:
            yield "ile too large"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_goes_on(run, folder):
    """What was kept is enough: the run goes on and gives the bits of one that met no trouble."""
    code, _, err = run(*TRAIN, *KEPT)
    assert code == 0, err
    assert "Going on after epoch" in err
    code, _, err = run(*TRAIN[:5], "whole.safetensors", *TRAIN[6:])
    assert code == 0, err
    assert (folder / "m.safetensors").read_bytes() == (folder / "whole.safetensors").read_bytes()


def test_a_full_disk_is_an_error_that_leaves_the_last_good_checkpoint(run, folder):
    with tiny_disk(folder / "disk", 40) as reason:
        code, _, err = run(*TRAIN, "--checkpoint", "disk/run", "--checkpoint-keep", "99")
        assert code == 1
        assert "Traceback" not in err
        assert "Cannot write" in err
        assert reason in err or reason.lower() in err.lower()
        kept = contents(folder / "disk" / "run")
    if reason.startswith("No"):
        assert 0 < len(kept) < 6
    assert not any(name.startswith(".") for name in kept)
    assert not (folder / "m.safetensors").exists()
    (folder / "run").mkdir()
    for name, whole in kept.items():
        (folder / "run" / name).write_bytes(whole)
    if kept:
        check_goes_on(run, folder)


def test_files_that_may_not_grow_leave_the_last_good_checkpoint(run, folder):
    code, _, err = run(*TRAIN[:-1], "6", "--checkpoint", "run", "--checkpoint-epochs", "4")
    assert code == 0, err
    (folder / "run" / "epoch-000006.safetensors").unlink()
    (folder / "m.safetensors").unlink()
    before = contents(folder / "run")
    assert list(before) == ["epoch-000004.safetensors"]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        code, _, err = run(*TRAIN, *KEPT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 1
    assert "ile too large" in err
    assert contents(folder / "run") == before
    check_goes_on(run, folder)


@pytest.fixture
def open_folder(tmp_path_factory, monkeypatch):
    """A folder with homes.csv that every user can reach, so that permissions of the folder within decide alone."""
    folder = tmp_path_factory.mktemp("open")
    for path in (folder, *folder.parents):
        if path.owner() != Path.home().owner() or path.stat().st_mode & 0o001:
            break
        path.chmod(path.stat().st_mode | 0o011)
    folder.chmod(0o777)
    monkeypatch.chdir(folder)
    homes().write_csv("homes.csv")
    return folder


@contextlib.contextmanager
def as_somebody_else():
    """Root may write everywhere: do the block as nobody."""
    if os.getuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_cannot_be_written_to_is_an_error_and_keeps_what_is_there(run, open_folder):
    code, _, err = run(*TRAIN, "--checkpoint", "run", "--checkpoint-epochs", "4")
    assert code == 0, err
    (open_folder / "run" / "epoch-000006.safetensors").unlink()
    (open_folder / "m.safetensors").unlink()
    before = contents(open_folder / "run")
    (open_folder / "run").chmod(0o555)
    try:
        with as_somebody_else():
            assert not os.access("run", os.W_OK, effective_ids=True), "the folder must not be writable in this test"
            code, _, err = run(*TRAIN, *KEPT)
    finally:
        (open_folder / "run").chmod(0o755)
    assert code == 1
    assert "Cannot write" in err
    assert "ermission denied" in err
    assert "epoch" not in err.replace("Cannot write", ""), "it must be said before anything is trained"
    assert contents(open_folder / "run") == before
    check_goes_on(run, open_folder)
