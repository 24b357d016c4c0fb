"""Checkpoints in a store: here a folder behind an address; in S3 itself see tests/distributed/on_ray.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from backlit.errors import CheckpointError, OutputError
from backlit.persistence.store import Store
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochEnded

TRAINING = TableTraining(hidden=(4,), epochs=6, patience=9, batch_size=16)


@pytest.fixture(scope="module")
def table():
    x = np.random.default_rng(0).standard_normal((80, 2))
    return pl.DataFrame(x).with_columns(y=pl.Series(np.sin(2 * x[:, 0]) + x[:, 1]))


class Stopped(Exception):
    pass


def stop_after(n_epochs):
    def watch(event):
        if isinstance(event, EpochEnded) and event.record.epoch == n_epochs:
            raise Stopped

    return watch


def numbers(model):
    return np.concatenate([array.ravel() for array in (*model.network.weights, *model.network.biases)])


def test_a_run_that_was_stopped_goes_on_from_the_store(tmp_path, table):
    address, said = f"file://{tmp_path}/store/run", []
    with pytest.raises(Stopped):
        TableModel.train(table, "y", TRAINING, checkpoint=Checkpoint(address), listeners=[stop_after(4)])
    kept = sorted(path.name for path in (tmp_path / "store" / "run").iterdir())
    assert kept == ["epoch-000001.safetensors", "epoch-000002.safetensors", "epoch-000003.safetensors"]
    model = TableModel.train(table, "y", TRAINING, checkpoint=Checkpoint(address), say=said.append)
    assert any(f"Going on after epoch 3 of 6 from {address}" in message for message in said)
    assert np.array_equal(numbers(model), numbers(TableModel.train(table, "y", TRAINING)))
    assert Store(address).names() == [f"epoch-00000{k}.safetensors" for k in (4, 5, 6)]
    with pytest.raises(CheckpointError, match=r"checkpoints of a run in .*run' already"):
        TableModel.train(table, "y", TRAINING, checkpoint=Checkpoint(address, resume="never"))
    with pytest.raises(CheckpointError, match="are of another run"):
        TableModel.train(table, "y", replace(TRAINING, hidden=(5,)), checkpoint=Checkpoint(address))


def test_runs_and_folds_stand_below_it(tmp_path, table):
    address = f"file://{tmp_path}/store"
    TableModel.train(table, "y", replace(TRAINING, folds=2), checkpoint=Checkpoint(address))
    TableModel.train(table, "y", TRAINING, checkpoint=Checkpoint(address, folder_per_run=True))
    folders = {path.name for path in (tmp_path / "store").iterdir()}
    assert {"fold-1", "fold-2"} < folders
    assert len(folders) == 3


def test_a_damaged_object_is_passed_over(tmp_path, table):
    address, said = f"file://{tmp_path}/store", []
    TableModel.train(table, "y", TRAINING, checkpoint=Checkpoint(address))
    newest = tmp_path / "store" / "epoch-000006.safetensors"
    newest.write_bytes(newest.read_bytes()[:-100])
    model = TableModel.train(table, "y", TRAINING, checkpoint=Checkpoint(address), say=said.append)
    assert any("epoch-000006.safetensors' cannot be used" in message for message in said)
    assert any("Going on after epoch 5" in message for message in said)
    assert np.array_equal(numbers(model), numbers(TableModel.train(table, "y", TRAINING)))


def test_what_is_no_store_is_said_at_once_and_without_keys(tmp_path, table):
    (tmp_path / "file").write_text("somebody's")
    for address, said in (
        (f"file://{tmp_path}/file/run", "run cannot be written to: .*Give the address of a store"),
        ("nowhere://me:secret@bucket/run", "nowhere://bucket/run cannot be used: "),
    ):
        with pytest.raises(OutputError, match=said) as caught:
            TableModel.train(table, "y", TRAINING, checkpoint=Checkpoint(address))
        assert "secret" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "somebody's"
