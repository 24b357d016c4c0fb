"""Tests that `test_trainer.py` runs in namespaces of their own: a head and two nodes of Ray on this machine.

`make test-cluster` runs some of them; `make soak` all, which takes 8 minutes on two cores.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import backlit as bl
import needs
from backlit.distributed.options import Workers
from backlit.distributed.ray_cluster import ClusterError, import_ray
from backlit.distributed.tuning import tune
from backlit.persistence.store import Store
from backlit.tables.stream_request import StreamRequest
from backlit.tables.streaming import fit_stream
from backlit.training.events import EpochEnded
from tables import numbers_of, training, write_table

# for a server of our own, which asks for any
os.environ |= {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_EC2_METADATA_DISABLED": "true"}

LONG = {"epochs": 150, "patience": 1000}
"""So that there is time to disturb it."""
FILES = ("0.parquet", "1.parquet", "2.parquet")


@pytest.fixture(scope="module")
def cluster():
    import_ray()
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    for _ in range(2):
        made.add_node(num_cpus=2)
    made.wait_for_nodes()
    yield made
    made.shutdown()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = write_table(tmp_path_factory.mktemp("table"))
    return [folder / name for name in FILES]


@pytest.fixture(scope="module")
def undisturbed(files):
    return numbers_of(fit_stream(files, "y", training(**LONG), memory="64M"))


def workers() -> list[int]:
    """The processes of Ray Train's workers; there are no others' here, for all processes are ours."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::RayTrainWorker"):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return sorted(found)


class Once:
    """A listener that does something to the training as soon as some epochs are done, and something else is so."""

    def __init__(self, deed, when=lambda: True):
        self.deed, self.when, self.at, self.is_last_at = deed, when, None, None

    def __call__(self, event):
        if isinstance(event, EpochEnded):
            if self.at is None and event.record.epoch >= 3 and self.when():
                self.deed()
                self.at = time.monotonic()
            elif self.at is not None and self.is_last_at is None and time.monotonic() - self.at > 2:
                self.is_last_at = time.monotonic()

    @property
    def seconds_until_it_went_on(self):
        return self.is_last_at - self.at


def trained(cluster, files, tmp_path, listener=None, **options):
    trainer = bl.DistributedTrainer(**{"workers": 2, "address": cluster.address} | options)
    kept = bl.Checkpoint(tmp_path / "run", every_minutes=0, keep=2)
    listeners = [] if listener is None else [listener]
    return trainer.fit(files, "y", training(**LONG), memory="64M", checkpoint=kept, listeners=listeners)


@pytest.mark.needs("data")
def test_the_flights_are_trained_by_two_workers_of_the_command_line(tmp_path):
    with zipfile.ZipFile(needs.DATA / "flights" / "flights.csv.zip") as archive:
        archive.extractall(tmp_path)
    n_files, n_rows = 40 if os.environ.get("BACKLIT_SOAK") else 4, 8420  # all of them, or a tenth
    table = pl.read_csv(next(tmp_path.glob("*.csv")), infer_schema_length=None, null_values="NA")
    table = table.head(n_files * n_rows)
    table = table.drop("arr_time", "air_time", "dep_time")
    folder = tmp_path / "flights"
    folder.mkdir()
    for k in range(n_files):
        table[k * n_rows : (k + 1) * n_rows].write_parquet(folder / f"{k:02}.parquet")
    # of so little memory that one process reads in pieces, too
    options = ["--target", "arr_delay", "--preset", "plain", "--hidden", "32", "--epochs", "2", "--memory", "16M"]
    options += ["--batch-size", "128", "--learning-rate", "0.01", "--dtype", "float64"]
    scores = []
    for more in ([], ["--workers", "2"]):
        out = tmp_path / f"{len(more)}.safetensors"
        command = [sys.executable, "-m", "backlit", "train", str(folder / "*.parquet"), *options, *more]
        done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "epoch 2/2" in done.stderr
        scores.append(bl.TableModel.load(out).evaluate(table.head(50_000)).metrics["r2"])
    assert scores[0] == pytest.approx(scores[1], rel=1e-9)
    assert scores[0] > 0.5


@pytest.fixture
def s3(tmp_path):
    """S3's own protocol, and nobody's cloud: the address of an empty bucket."""
    from pyarrow.fs import FileSystem

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serving = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen([sys.executable, "-c", serving], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings = f"endpoint_override=http://127.0.0.1:{port}&region=us-east-1"
    try:
        for _ in range(120):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.5)
        system, _ = FileSystem.from_uri(f"s3://bucket?{settings}&allow_bucket_creation=true")
        system.create_dir("bucket")
        yield f"s3://bucket/run?{settings}"
    finally:
        server.terminate()
        server.wait()


def test_a_killed_worker_is_replaced_from_checkpoints_in_s3(cluster, files, s3, undisturbed):
    # an epoch is heard of before its checkpoint is there
    said, kills = [], Once(lambda: os.kill(workers()[0], signal.SIGKILL), when=lambda: Store(s3).names())
    trainer = bl.DistributedTrainer(workers=2, address=cluster.address)
    kept = bl.Checkpoint(s3, every_epochs=1, keep=2)
    with_kill = {"listeners": [kills], "say": said.append}
    model = trainer.fit(files, "y", training(**LONG), memory="64M", checkpoint=kept, **with_kill)
    np.testing.assert_allclose(numbers_of(model), undisturbed, rtol=1e-10, atol=1e-12)
    assert any(message.endswith("from s3://bucket/run.") for message in said), "\n".join(said)
    assert Store(s3).names() == ["epoch-000149.safetensors", "epoch-000150.safetensors"]
    # the same once more finds the whole run there, though nothing of it is left on this machine
    again = trainer.fit(files, "y", training(**LONG), memory="64M", checkpoint=kept)
    np.testing.assert_array_equal(numbers_of(again), numbers_of(model))


@pytest.mark.soak
def test_a_killed_worker_is_replaced(cluster, files, tmp_path, undisturbed):
    kills = Once(lambda: os.kill(workers()[0], signal.SIGKILL))
    model = trained(cluster, files, tmp_path, kills)
    np.testing.assert_allclose(numbers_of(model), undisturbed, rtol=1e-10, atol=1e-12)
    print(f"went on after {kills.seconds_until_it_went_on:.0f} s")


@pytest.mark.soak
def test_a_frozen_worker_is_replaced(cluster, files, tmp_path, undisturbed):
    freezes = Once(lambda: os.kill(workers()[-1], signal.SIGSTOP))
    model = trained(cluster, files, tmp_path, freezes)
    np.testing.assert_allclose(numbers_of(model), undisturbed, rtol=1e-10, atol=1e-12)
    print(f"went on after {freezes.seconds_until_it_went_on:.0f} s")


@pytest.mark.soak
def test_a_driver_that_was_killed_is_resumed(cluster, files, tmp_path, undisturbed):
    options = ["--hidden", "5,4", "--activation", "tanh", "--dtype", "float64", "--batch-size", "16"]
    options += ["--preset", "plain"]
    options += ["--epochs", "150", "--patience", "1000", "--memory", "64M", "--workers", "2", "--schedule", "cosine"]
    options += ["--address", cluster.address, "--checkpoint", str(tmp_path / "run"), "--checkpoint-minutes", "0"]
    out = tmp_path / "model.safetensors"
    command = [sys.executable, "-m", "backlit", "train", *map(str, files), "--target", "y", "--out", str(out), *options]
    driver = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in driver.stderr:
        if line.startswith("epoch "):
            break
    time.sleep(0.5)
    driver.kill()
    driver.communicate()
    assert driver.returncode == -signal.SIGKILL
    assert not out.exists()
    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert "Going on after epoch" in resumed.stderr
    np.testing.assert_allclose(numbers_of(bl.TableModel.load(out)), undisturbed, rtol=1e-10, atol=1e-12)
    assert workers() == []


def test_what_the_cluster_lacks_is_said(cluster, files, tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "3")
    began = time.monotonic()
    with pytest.raises(ClusterError, match=r"40 workers with 1 processors each.*has 6 processors on 3 machines"):
        trained(cluster, files, tmp_path, workers=40)
    assert time.monotonic() - began < 60


@pytest.mark.soak
def test_an_error_that_would_come_again_ends_training(cluster, files, tmp_path):
    trainer = bl.DistributedTrainer(workers=(1, 2), address=cluster.address)
    with pytest.raises(bl.BacklitError, match="diverged"):
        trainer.fit(files, "y", training(solver="sgd", learning_rate=1e200), memory="64M")


@pytest.mark.soak
def test_the_best_of_a_search_is_saved(cluster, files, capfd):
    request = StreamRequest.of(files, "y", training(epochs=2, given=None), memory="64M")
    heard = []
    found = tune(request, 3, Workers(address=cluster.address, workers=2), tell=heard.append)
    assert sorted(trial.number for trial in heard) == [1, 2, 3]
    scores = [trial.score for trial in found.trials]
    assert scores == sorted(scores, reverse=True)
    first = next(trial for trial in found.trials if trial.number == 1)
    assert first.options == {}
    alone = fit_stream(files, "y", training(epochs=2), memory="64M")
    of_first = {trial.number: trial.score for trial in heard}[1]
    assert found.metric == "R²"
    assert scores[0] >= of_first
    if found.trials[0].number == 1:
        np.testing.assert_array_equal(numbers_of(found.model), numbers_of(alone))
    assert "Configuration for experiment" not in capfd.readouterr().out


@pytest.mark.soak
def test_a_removed_node_is_done_without(cluster, files, tmp_path, undisturbed):
    def remove():
        parents = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in workers()}
        for node in cluster.worker_nodes:
            if parents & {each.process.pid for each in node.all_processes["raylet"]}:
                cluster.remove_node(node, allow_graceful=False)
                return
        raise AssertionError(f"no worker on a node, but on {parents}")

    removes = Once(remove)
    model = trained(cluster, files, tmp_path, removes, cpus_per_worker=2.0)
    np.testing.assert_allclose(numbers_of(model), undisturbed, rtol=1e-10, atol=1e-12)
    print(f"went on after {removes.seconds_until_it_went_on:.0f} s")
