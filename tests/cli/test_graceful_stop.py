"""Ctrl-C and SIGTERM in real processes, and the model files of runs that were stopped."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from commands import homes

from backlit.cli.graceful_stop import GracefulStop

TRAIN = ["train", "many.csv", "--target", "worth", "--out", "m.safetensors", "--patience", "999", "--hidden", "8"]
KEPT = ["--checkpoint", "run", "--epochs", "20"]


def command(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "backlit", *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def wait_for(process, start):
    """Read what the process says up to a line that begins so, and return all of it."""
    said = ""
    for line in process.stderr:
        said += line
        if line.startswith(start):
            return said
    raise AssertionError(f"it ended without saying {start!r}: {said}")


@pytest.fixture
def many(folder):
    homes(20_000).write_csv("many.csv")
    return folder


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.thorough)]
)
def test_the_first_signal_ends_the_epoch_and_says_how_to_go_on(number, code, many, run):
    process = command(*TRAIN, *KEPT)
    wait_for(process, "epoch 1/20")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    kept = sorted(path.name for path in (many / "run").iterdir())
    assert f"Stopped after epoch {int(kept[-1][6:12])} of 20, which is kept in run; there is no model yet." in err
    assert not (many / "m.safetensors").exists()
    if number != signal.SIGINT:
        return  # what was kept is the same, whoever asked

    go_on = next(line for line in err.splitlines() if line.startswith("  backlit"))
    came, _, err = run(*shlex.split(go_on)[1:])
    assert came == 0, err
    assert f"Going on after epoch {int(kept[-1][6:12])} of 20 from run." in err
    stopped = (many / "m.safetensors").read_bytes()
    assert run(*TRAIN, "--epochs", "20")[0] == 0
    assert (many / "m.safetensors").read_bytes() == stopped


def waits_for_the_epoch(process):
    """Whether the command has begun to heed SIGTERM, which Python by itself does not."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@pytest.mark.needs("/proc")
def test_the_second_signal_ends_at_once_and_keeps_what_was_kept(many):
    # one epoch takes minutes: whoever waits for its end waits long
    slow = ["--hidden", "2000,2000", "--batch-size", "4", *KEPT]
    process = command(*TRAIN, *slow)
    wait_for(process, "`worth`")
    while not waits_for_the_epoch(process):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    wait_for(process, "Stopping at the end of this epoch")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Stopped at once. The last checkpoint in run stays." in err
    assert "--resume" in err
    assert "nothing was written" not in err
    assert list((many / "run").iterdir()) == []
    assert not (many / "m.safetensors").exists()


def test_what_an_import_makes_of_the_second_signal_is_no_error(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["backlit", *TRAIN])
    with pytest.raises(typer.Exit) as left, GracefulStop(Path("run")):
        signal.raise_signal(signal.SIGINT)
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None
    assert left.value.exit_code == 130
    assert "Stopped at once. The last checkpoint in run stays." in capsys.readouterr().err
    with pytest.raises(ImportError), GracefulStop(Path("run")):
        signal.raise_signal(signal.SIGINT)
        raise ImportError("something is missing")


@pytest.mark.thorough
def test_what_is_ignored_from_outside_stays_ignored(many):
    code = (
        f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); import sys; sys.argv[1:] = {[*TRAIN, *KEPT]}; "
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code + "from backlit.cli import main; main()"], stderr=subprocess.PIPE, text=True
    )
    wait_for(process, "epoch 1/20")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.thorough
def test_without_a_folder_ctrl_c_says_what_would_have_helped(many):
    process = command(*TRAIN, "--epochs", "100000", "--patience", "99999")
    wait_for(process, "epoch")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "With --checkpoint FOLDER" in err
    assert "Interrupted; nothing was written." in err


def test_equal_runs_give_equal_bytes_with_a_folder_or_without(run, folder):
    models = []
    for name, more in [("a", []), ("b", []), ("c", ["--checkpoint", "run"]), ("d", ["--checkpoint", "x/y", "--quiet"])]:
        (folder / name).mkdir()
        out = folder / name / f"{name}.safetensors"
        code, _, err = run("train", "homes.csv", "--target", "worth", "--out", out, "--epochs", "4", *more)
        assert code == 0, err
        models.append(out.read_bytes())
    assert len(set(models)) == 1
    # where the file lay, and when, is nobody's business
    assert str(folder).encode() not in models[0]
    assert b"homes.csv" not in models[0]


def test_the_folder_is_refused_before_the_table_is_read(run, folder):
    (folder / "file").touch()
    before = sorted(folder.iterdir())
    for arguments, code, word in [
        (["--resume"], 2, "--checkpoint"),
        (["--checkpoint", "file"], 1, "there is a file of that name"),
        (["--checkpoint", "run", "--checkpoint-keep", "0"], 2, "checkpoint-keep"),
    ]:
        came, _, err = run("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", *arguments)
        assert came == code
        assert word in err
        assert "Read " not in err
    assert sorted(folder.iterdir()) == before


def test_a_folder_with_a_run_is_gone_on_from_only_if_asked(run, folder):
    train = [
        "train",
        "homes.csv",
        "--target",
        "worth",
        "--out",
        "m.safetensors",
        "--epochs",
        "3",
        "--checkpoint",
        "run",
    ]
    code, _, err = run(*train, "--resume")
    assert (code, "There is no checkpoint in run yet: beginning anew." in err) == (0, True)
    code, _, err = run(*train)
    assert (code, "--resume" in err, "Read " in err) == (1, True, False)
    code, _, err = run(*train, "--resume")
    assert (code, "The run in run ended after epoch 3 of 3 already" in err) == (0, True)
    code, _, err = run(*train, "--resume", "--alpha", "0.5")
    assert (code, "penalty.alpha is 0.5 here, but was 0.0" in err) == (1, True)
