"""`DistributedTrainer`: the training of `fit_stream`, with several workers on a Ray cluster.

Ray Train starts workers, watches them and replaces those that are lost. All else is done as without it: each worker
runs `backlit.distributed.worker.work`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backlit.data.stream.cache import check_folder
from backlit.data.stream.table_stream import StrPath
from backlit.distributed.options import Workers
from backlit.distributed.rank import Job
from backlit.distributed.ray_cluster import ClusterError, cluster, import_ray, what_it_has
from backlit.distributed.relay import Following, read_failure
from backlit.distributed.torch_group import TIMEOUT, import_torch
from backlit.distributed.worker import Task, make_places, work
from backlit.documents.addresses import is_address
from backlit.persistence.checkpoint_folder import CheckpointFolder
from backlit.tables.folds import folders_of
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.tables.stream_request import StreamRequest
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.recording import Recorder

Say = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class DistributedTrainer(Workers):
    """Trains with several workers, on this machine or on a Ray cluster.

    Parameters
    ----------
    workers : int or (int, int)
        Processes that share each batch; or the least and the most.
    address : str, optional
        ``"auto"`` or ``"HOST:PORT"`` of a Ray cluster. Default: one is started on this machine.
    cpus_per_worker : float, optional
        Default: as many as `n_threads` of the training says, or 1.
    average_every : int, default 1
        From 2 on, steps that workers take by themselves before the weights are averaged.
    max_failures : int, default 3
        Times that a lost worker is replaced.

    Examples
    --------
    >>> trainer = DistributedTrainer(workers=2)
    >>> model = trainer.fit("flights/*.parquet", "arr_delay", checkpoint=Checkpoint("run"))  # doctest: +SKIP
    """

    def fit(
        self,
        source: StrPath | Sequence[StrPath],
        target: str,
        training: TableTraining = TableTraining(preset="tabular", given=frozenset({"preset"})),
        *,
        cache: StrPath | None = None,
        listeners: Sequence[Watcher] = (),
        say: Say = lambda _: None,
        checkpoint: Checkpoint | None = None,
        recorder: Recorder | None = None,
        **asked: Any,
    ) -> TableModel:
        """Train a model on files of Parquet or CSV; see `backlit.fit_stream`, whose arguments these are.

        Parameters
        ----------
        source, target, training, listeners, say, recorder
        cache : str or path-like, optional
            Folder for the encoded rows, which all machines see. Default: in that of the checkpoints.
        checkpoint : Checkpoint, optional
            Its folder is where workers meet, so all machines must see it. Default: a temporary one, for workers of this
            machine.
        **asked
            ``task``, ``columns``, ``validation``, ``memory`` (of each worker), ``text``, ``reading``.

        Raises
        ------
        MissingExtraError
            Without ray, or without PyTorch.
        ClusterError
            If the cluster is not there, has not what was asked for, or workers were lost too often.
        """
        import_torch(), import_ray()
        request = StreamRequest.of(source, target, training, **asked)
        ends = None if training.max_time is None else time.time() + training.max_time
        with self._meeting_in(checkpoint, cache, training.folds) as (folder, kept):
            rows = folder / "cache" if cache is None else Path(os.fspath(cache)).resolve()
            job = Job.prepared(request, rows, say)
            places = make_places(folder / "ray", secrets.token_hex(4))
            try:
                resumes = checkpoint is not None and checkpoint.resume != "never"
                task = Task(job, places, kept, self.average_every, recorder is not None, ends)
                self._train(task, Following(places, listeners, say if resumes else _of_training(say)))
                return TableModel.load(places.model)
            finally:
                places.remove()

    @contextlib.contextmanager
    def _meeting_in(
        self, checkpoint: Checkpoint | None, cache: StrPath | None, folds: int
    ) -> Iterator[tuple[Path, Checkpoint]]:
        if checkpoint is None or is_address(checkpoint.folder):
            # workers meet in a folder: that of the cache where all machines see it, else one of this machine
            beside = None if checkpoint is None or cache is None else Path(os.fspath(cache)).resolve()
            if beside is not None:
                check_folder(beside)
                beside.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="backlit-workers-", dir=beside))
            try:
                if checkpoint is None:
                    yield folder, Checkpoint(folder / "checkpoints", every_minutes=0.5, keep=2)
                    return
                _refuse_if_used(checkpoint, folds)
                yield folder, replace(checkpoint, resume="auto")
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return
        with CheckpointFolder(checkpoint.folder, checkpoint.keep) as held:
            if folds > 1:
                _refuse_if_used(checkpoint, folds)
            elif checkpoint.resume == "never":
                held.refuse_if_used()
            folder = held.path.resolve()
            yield folder, replace(checkpoint, folder=folder, resume="auto")

    def _train(self, task: Task, following: Following) -> None:
        least, most = self.range
        each = self.cpus_per_worker or task.job.training.n_threads or 1
        with cluster(self.address, least * each) as ray:
            trainer = self._trainer(task, each)
            outcome: list[BaseException | None] = []

            def fit() -> None:
                try:
                    trainer.fit()
                    outcome.append(None)
                except BaseException as error:
                    outcome.append(error)

            # on a thread of its own, or Ray would take Ctrl-C for itself
            thread = threading.Thread(target=fit, daemon=True)
            thread.start()
            while thread.is_alive():
                thread.join(0.2)
                following.look()
            following.look()
            failure = read_failure(task.places)
            if failure is not None:
                raise failure
            if outcome[0] is not None or not task.places.model.is_file():
                asked = f"{least}{f' to {most}' if most > least else ''} workers with {each:g} processors each"
                raise ClusterError(_why_given_up(outcome[0], asked, what_it_has(ray))) from outcome[0]

    def _trainer(self, task: Task, each: float) -> Any:
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer

        return TorchTrainer(
            work,
            train_loop_config={"task": task},
            torch_config=TorchConfig(backend="gloo", timeout_s=TIMEOUT),
            scaling_config=ScalingConfig(
                num_workers=self.workers if isinstance(self.workers, tuple) else self.range[0],
                resources_per_worker={"CPU": each},
            ),
            run_config=RunConfig(
                name=task.places.name,
                storage_path=str(task.places.folder),
                failure_config=FailureConfig(max_failures=self.max_failures, controller_failure_limit=1),
            ),
        )


def _refuse_if_used(checkpoint: Checkpoint, folds: int) -> None:
    for folder in folders_of(checkpoint.folder, folds) if checkpoint.resume == "never" else ():
        with CheckpointFolder(folder) as held:
            held.refuse_if_used()


def _of_training(say: Say) -> Say:
    """Return what says all but that there is no checkpoint, where nobody asked to go on from one."""
    return lambda message: None if message.startswith("There is no checkpoint") else say(message)


def _why_given_up(error: BaseException | None, asked: str, has: str) -> str:
    inner = getattr(error, "controller_failure", None)
    if "Startup" in type(inner).__name__ or "InsufficientClusterResources" in type(inner).__name__:
        return (
            f"{asked} were asked for, but the cluster {has}, and did not give them within a minute. Ask for fewer "
            "workers, or wait until others have ended."
        )
    failures = getattr(error, "worker_failures", None) or {}
    lines = [f"worker {rank}: {_last_line(each)}" for rank, each in sorted(failures.items())]
    said = "; ".join(lines) or (_last_line(error) if error is not None else "it left no model")
    return (
        f"Training was given up ({asked}): {said}. The cluster {has}. With --checkpoint it goes on from the last "
        "checkpoint with --resume."
    )


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
