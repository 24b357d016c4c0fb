"""Processes that torchrun starts, by the command line."""

import os
import subprocess
import sys

import numpy as np
import pytest

import backlit as bl
from backlit.cli import train_together
from backlit.tables.streaming import fit_stream
from tables import numbers_of, training, write_table

OPTIONS = ["--target", "y", "--preset", "plain", "--hidden", "5,4", "--activation", "tanh", "--dtype", "float64"]
OPTIONS += ["--batch-size", "16", "--memory", "64M", "--schedule", "cosine"]


def launched(folder, *more, n=2):
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
    command = [*start, "-m", "backlit.distributed", str(folder / "*.parquet"), *OPTIONS, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.cluster
@pytest.mark.needs("torch")
def test_processes_of_torchrun_end_where_one_does(tmp_path):
    folder, out = write_table(tmp_path), tmp_path / "model.safetensors"
    done = launched(folder, "--epochs", "3", "--out", str(out))
    assert done.returncode == 0, done.stderr
    alone = fit_stream(folder / "*.parquet", "y", training(), memory="64M")
    np.testing.assert_allclose(numbers_of(bl.TableModel.load(out)), numbers_of(alone), rtol=1e-10, atol=1e-12)
    assert done.stderr.count("epoch 3/3") == 1  # of the first alone
    assert done.stdout.count("Saved") == 1


@pytest.mark.cluster
@pytest.mark.needs("torch")
def test_where_one_ends_all_do(tmp_path):
    folder, out = write_table(tmp_path), tmp_path / "model.safetensors"
    done = launched(folder, "--epochs", "3", "--out", str(out), "--weight", "nowhere")
    assert done.returncode != 0
    assert "'nowhere'" in done.stderr
    assert not out.exists()


def test_without_torchrun_it_says_how(tmp_path):
    folder = write_table(tmp_path)
    command = [sys.executable, "-m", "backlit.distributed", str(folder / "*.parquet"), *OPTIONS]
    without = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "m.safetensors")], capture_output=True, text=True, env=without, check=False
    )
    assert done.returncode == 1
    assert "torch.distributed.run" in done.stderr


def test_other_files_than_streams_take_one_process(tmp_path):
    from backlit.cli.reading import ReadingOptions

    (tmp_path / "t.xlsx").write_bytes(b"")
    with pytest.raises(bl.BacklitError, match="Write the table as Parquet"):
        train_together.streamable_only([tmp_path / "t.xlsx"], ReadingOptions())
