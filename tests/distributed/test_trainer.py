"""Real Ray, in a process of its own, with a cluster that nobody else sees: `on_ray.py` has the tests."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import backlit as bl
import needs
from backlit.distributed import ray_cluster
from tables import training, write_table


@pytest.mark.cluster
@pytest.mark.needs("ray", "torch", "namespaces")
@pytest.mark.timeout(900)
def test_on_ray():
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as folder:  # sockets want short paths
        env = os.environ | {"HOME": folder, "RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0"}
        env.pop("RAY_ADDRESS", None)
        tests = Path(__file__).with_name("on_ray.py")
        pytest_on = [sys.executable, "-m", "pytest", "-qs", "-x", "--durations=0", "-p", "no:cacheprovider", tests]
        done = subprocess.run([*needs.SEPARATE, *pytest_on], env=env, check=False)
    assert done.returncode == 0


def test_what_is_missing_is_named(monkeypatch):
    fit = bl.DistributedTrainer(workers=2).fit
    for name in ("torch", "torch.distributed", "ray"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(bl.BacklitError, match=r"needs PyTorch.*pip install torch"):
        fit("nothing.parquet", "y")
    monkeypatch.setattr("backlit.distributed.trainer.import_torch", lambda: None)
    with pytest.raises(bl.BacklitError, match=r"pip install 'backlit\[distributed\]'"):
        fit("nothing.parquet", "y")


def test_a_folder_that_cannot_be_written_is_refused_before_ray_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("backlit.distributed.trainer.import_torch", lambda: None)
    monkeypatch.setattr("backlit.distributed.trainer.import_ray", lambda: None)
    monkeypatch.setattr("backlit.distributed.trainer.cluster", None)
    (tmp_path / "run").mkdir()
    for taken in (tmp_path / "run" / "ray", tmp_path / "file"):
        taken.write_text("somebody's")
    for folder, said in (("run", "Workers cannot meet in .*ray': File exists"), ("file", "a file of that name")):
        with pytest.raises(bl.BacklitError, match=said):
            fit = bl.DistributedTrainer(workers=2).fit
            fit(write_table(tmp_path) / "*.parquet", "y", training(), checkpoint=bl.Checkpoint(tmp_path / folder))
    assert (tmp_path / "run" / "ray").read_text() == "somebody's"


@pytest.mark.parametrize("folds", [1, 3])
def test_a_folder_in_use_is_refused(folds, tmp_path, monkeypatch):
    monkeypatch.setattr("backlit.distributed.trainer.import_torch", lambda: None)
    monkeypatch.setattr("backlit.distributed.trainer.import_ray", lambda: None)
    monkeypatch.setattr("backlit.distributed.trainer.cluster", None)
    used = tmp_path / "run" / ("" if folds == 1 else "fold-2")
    used.mkdir(parents=True)
    (used / "epoch-000003.safetensors").touch()
    with pytest.raises(bl.BacklitError, match="There are checkpoints of a run"):
        fit = bl.DistributedTrainer(workers=2).fit
        kept = bl.Checkpoint(tmp_path / "run", resume="never")
        fit(write_table(tmp_path) / "*.parquet", "y", training(folds=folds), checkpoint=kept)


class Ray:
    """Which says something else than "here you are"."""

    def __init__(self, error):
        self.error = error

    def is_initialized(self):
        return False

    def init(self, **options):
        raise self.error


def test_a_cluster_that_cannot_be_had_is_said(monkeypatch):
    versions = RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.59.0\n    Python: 3.12.1")
    nothing = ConnectionError("Could not find any running Ray instance.")
    for error, address, said in (
        (versions, "auto", r"runs other versions than this program: .*Ray: 2\.59\.0 Python: 3\.12\.1"),
        (nothing, "auto", r"no Ray cluster at 'auto'.* Could not find any running .*ray start --head"),
        (nothing, None, "could not be started on this machine"),
        (Exception("The node timed out."), None, r"could not be started on this machine: The node timed out\."),
        (nothing, "127.0.0.1:1", r"no Ray cluster at '127\.0\.0\.1:1'.*refused"),
        (nothing, "nowhere", "no Ray cluster at 'nowhere'"),
    ):
        monkeypatch.setattr(ray_cluster, "import_ray", lambda error=error: Ray(error))
        with pytest.raises(ray_cluster.ClusterError, match=said), ray_cluster.cluster(address, 1):
            pass
    too_many = pytest.raises(bl.BacklitError, match="were to have 4096 processors, but this machine has")
    with too_many, ray_cluster.cluster(None, 4096):
        pass
