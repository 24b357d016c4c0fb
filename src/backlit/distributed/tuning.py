"""A search for good options: many trainings on the same encoded rows, as many at a time as a cluster has room for.

The first trial has the options as they are, so that the best is never worse. Those of the others are drawn around
them from the seed, before the first begins, so that the same search tries the same options on any cluster. Ray Tune
places the trials, and tries those once more whose machine was lost.
"""

from __future__ import annotations

import logging
import math
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backlit.core.initialization import Purpose, stream
from backlit.data.stream.memory import Budget
from backlit.distributed.group import error_from_document, error_to_document
from backlit.distributed.options import Workers
from backlit.distributed.rank import Job, check_shareable
from backlit.distributed.ray_cluster import ClusterError, cluster, import_ray, what_it_has
from backlit.documents import strict_json
from backlit.errors import BacklitError, InvalidInputError
from backlit.tables.metrics import named_metric
from backlit.tables.model import TableModel
from backlit.tables.one_run import Around, run_on
from backlit.tables.options import TableTraining
from backlit.tables.stream_request import StreamRequest
from backlit.tables.stream_start import StreamStart
from backlit.tables.streaming import finished

Say = Callable[[str], object]
SEARCHED = ("learning_rate", "hidden", "dropout", "l2", "batch_size")


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes
    ----------
    number : int
        Counted from 1.
    options : dict
        Where it differs from the first.
    score : float or None
        Of the rows held out, at its best epoch; None where training failed.
    epochs : int
    why : str
        Why it failed.
    """

    number: int
    options: dict[str, Any]
    score: float | None = None
    epochs: int = 0
    why: str = ""


@dataclass(frozen=True, eq=False)
class Tuned:
    """What came of a search.

    Attributes
    ----------
    model : TableModel
        Of the best trial.
    trials : list of Trial
        The best first.
    metric : str
    """

    model: TableModel
    trials: list[Trial]
    metric: str


def points(n: int, around: TableTraining, given: Sequence[str]) -> list[dict[str, Any]]:
    """Return the options of so many trials, but for those that are given: the first's are none.

    Parameters
    ----------
    n : int
    around : TableTraining
        What options are drawn around, as the preset has them for the table.
    given : sequence of str
        Names of options that are not searched.

    Examples
    --------
    >>> points(3, TableTraining(), ["hidden", "dropout", "l2"])[1:]
    [{'learning_rate': 0.0031, 'batch_size': 64}, {'learning_rate': 0.00068, 'batch_size': 64}]
    """
    drawn: list[dict[str, Any]] = [{}]
    batch_size = around.batch_size or around.usual_batch_size
    for k in range(1, n):
        rng = stream(around.seed, Purpose.SPLIT, k)
        layers = (int(rng.choice([64, 128, 256, 512])),) * int(rng.integers(1, 5))
        point = {
            "learning_rate": float(f"{around.rate * 10 ** rng.uniform(-1, 1):.2g}"),
            "hidden": layers,
            "dropout": round(float(rng.choice([0.0, 0.1, 0.2, 0.3])), 1),
            "l2": float(f"{10 ** rng.uniform(-8, -3):.1g}"),
            "batch_size": max(1, int(batch_size * 2.0 ** rng.integers(-1, 2))),
        }
        drawn.append({name: value for name, value in point.items() if name not in given})
    return drawn


def tune(
    request: StreamRequest,
    n_trials: int,
    workers: Workers | None = None,
    *,
    cache: Path | None = None,
    say: Say = lambda _: None,
    tell: Callable[[Trial], object] = lambda _: None,
) -> Tuned:
    """Search for good options.

    Parameters
    ----------
    request : StreamRequest
        What a training is asked for. Options that are given are not searched.
    n_trials : int
    workers : Workers, optional
        ``workers`` is how many trials may go on at the same time, None for as many as there is room; ``address`` and
        ``cpus_per_worker`` as in training.
    cache : Path, optional
        Folder that all machines see. Default: a temporary one, for this machine.
    say : callable, optional
    tell : callable, optional
        Called with each trial that has ended.

    Raises
    ------
    InvalidInputError
        If there are no rows to compare trials on.
    ClusterError
        If no trial came to its end.
    """
    if n_trials < 1:
        raise InvalidInputError(f"There must be at least 1 trial, but {n_trials!r} came.")
    if request.validation is None and not request.training.validation_fraction:
        raise InvalidInputError("Trials are compared on rows held out. Give a share of them, or a table: --validation.")
    workers = workers or Workers()
    import_ray()
    check_shareable(request.training)
    folder = Path(tempfile.mkdtemp(prefix="backlit-tune-")) if cache is None else cache.resolve()
    try:
        job = Job.prepared(request, folder / "cache" if cache is None else folder, say)
        around = job.open()
        chosen = points(n_trials, around.training, sorted(request.training.names_given()))
        results = folder / "trials"
        results.mkdir(parents=True, exist_ok=True)
        with cluster(workers.address, workers.cpus_per_worker or 1) as ray:
            _search(ray, job, chosen, results, workers, tell)
            trials = [_read(results, k, point) for k, point in enumerate(chosen, 1)]
            if all(trial.score is None for trial in trials):
                why = next((trial.why for trial in trials if trial.why), "none was begun")
                raise ClusterError(f"No trial came to its end: {why}. The cluster {what_it_has(ray)}.")
        falls = _metric(around)[1]
        trials.sort(key=lambda trial: _order(trial, falls))
        return Tuned(TableModel.load(results / f"{trials[0].number}.safetensors"), trials, _metric(around)[0])
    finally:
        shutil.rmtree(folder if cache is None else folder / "trials", ignore_errors=True)


def _order(trial: Trial, falls: bool) -> float:
    if trial.score is None or math.isnan(trial.score):
        return math.inf
    return trial.score if falls else -trial.score


def _search(
    ray: Any, job: Job, chosen: list[dict[str, Any]], results: Path, workers: Workers, tell: Callable[[Trial], object]
) -> None:
    from ray import tune as ray_tune

    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    each = workers.cpus_per_worker or job.training.n_threads or 1
    tuner = ray_tune.Tuner(
        ray_tune.with_resources(try_options, {"cpu": each}),
        param_space={"job": job, "results": str(results), "trial": ray_tune.grid_search(list(enumerate(chosen, 1)))},
        tune_config=ray_tune.TuneConfig(max_concurrent_trials=None if workers.workers is None else workers.range[1]),
        run_config=ray_tune.RunConfig(
            name="search",
            storage_path=str(results),
            verbose=0,
            failure_config=ray_tune.FailureConfig(max_failures=workers.max_failures),
        ),
    )
    failed: list[BaseException] = []

    def fit() -> None:
        try:
            tuner.fit()
        except BaseException as error:
            failed.append(error)

    thread, told = threading.Thread(target=fit, daemon=True), set()
    thread.start()
    while True:
        is_over = not thread.is_alive()
        for k, point in enumerate(chosen, 1):
            if k not in told and (results / f"{k}.json").exists():
                told.add(k)
                tell(_read(results, k, point))
        if is_over:
            break
        thread.join(0.3)
    if failed:
        raise ClusterError(f"The search ended with an error: {failed[0]}") from failed[0]


def try_options(config: dict[str, Any]) -> None:
    """Train with the options of one trial, and write its model and what it is worth: what a trial of Ray Tune does.

    Parameters
    ----------
    config : dict
        ``job``, ``results`` and ``trial``, a pair of number and options.
    """
    job, results, (number, point) = config["job"], Path(config["results"]), config["trial"]
    given = job.training.names_given() | set(point)
    training = replace(job.training, **point, given=given, n_threads=job.training.n_threads or 1)
    document: dict[str, Any] = {"score": None, "epochs": 0, "error": None}
    try:
        start = StreamStart.again(Path(job.cache), job.asked, training, Budget(job.memory))
        around = Around(lambda _: None)
        _, trained = run_on(start, start.network, start.training, start.rows, start.held_out, around)
        finished(start, trained, job.reading, around).save(results / f"{number}.safetensors")
        scores = [record.validation_metric for record in trained.state.history]
        at = (trained.state.stopping.best_epoch or len(scores)) - 1
        score = scores[at]
        document |= {"score": None if score is None or not np.isfinite(score) else float(score), "epochs": len(scores)}
    except BacklitError as error:  # such as a rate at which training diverges
        document["error"] = error_to_document(error)
    hidden = results / f".{number}.json"
    hidden.write_text(strict_json.dump(document), encoding="utf-8")
    hidden.replace(results / f"{number}.json")


def _read(results: Path, number: int, point: dict[str, Any]) -> Trial:
    try:
        document: dict[str, Any] = strict_json.parse((results / f"{number}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Trial(number, point, why="its worker was lost")
    error = document["error"]
    why = "" if error is None else str(error_from_document(error))
    return Trial(number, point, document["score"], int(document["epochs"]), why)


def _metric(start: StreamStart) -> tuple[str, bool]:
    """Return the name of what trials are compared by, and whether less of it is better."""
    if start.training.metric is None or start.held_out is None:
        return start.target.metric_name, False
    _, name, falls = named_metric(start.target, start.training.metric, start.held_out.y)
    return name, falls
