import dataclasses
import os

import numpy as np
import polars as pl
import pytest
from threads import on_ranks

from backlit.core.network import Network
from backlit.distributed import stepping
from backlit.distributed.by_share import StepsByShare
from backlit.distributed.flat import Shard
from backlit.distributed.group import Alone
from backlit.distributed.options import Workers, workers_of
from backlit.distributed.same_machine import seen_by_all
from backlit.distributed.timing import Stopwatch
from backlit.engine import Objective
from backlit.engine.native import NativeEngine
from backlit.engine.reference import ReferenceEngine
from backlit.errors import BacklitError, DataError, DivergenceError, InvalidInputError
from backlit.tables.streaming import fit_stream
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochEnded, PartSettled, StepsDone
from backlit.training.recording import Recorder
from every import every, in_turn
from tables import SmallBudget, job_of, numbers_of, request_of, train_on, training, write_table


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in ("backlit.tables.stream_request", "backlit.distributed.rank"):
        monkeypatch.setattr(f"{module}.Budget", SmallBudget)


OPTIONS = {
    "dropout, clipped": {"dropout": 0.4, "dropout_input": 0.2, "clip_norm": 0.5, "solver": "sgd"},
    "penalties": {"l1": 0.01, "l2": 0.1, "alpha": 0.3, "batch_size": 3, "epochs": 1},
    "scales": {"input_scales": 3.0, "solver": "adamw", "weight_decay": 0.1, "decay_schedule": "cosine"},
    "members": {"members": 2, "dropout": 0.3, "batch_size": 7},
    "embeddings": {"embedding": "pbld", "embed_above": 0, "input_scales": 3.0, "l2": 0.1, "clip_norm": 0.5},
    "averaged, stopping": {"weight_average": 0.9, "patience": 0, "learning_rate": 0.5, "epochs": 5},
    "classes": {"class_weight": "balanced", "label_smoothing": 0.1, "weight": "w", "solver": "adamw"},
    "no order, no validation": {"shuffle": False, "validation_fraction": 0.0, "epochs": 1},
    "folds": {"folds": 3, "weight": "w", "members": 2, "patience": 1},
    "folds of classes": {"folds": 2, "weight": "w", "class_weight": "balanced", "calibrate": True, "epochs": 2},
}

SHARING = {"members": 2, "sharing": "mini"}


# (ranks, whether they have memory that all see)
CROWDS = [(2, True), (5, True), (2, False), (1, True)]  # a batch of 3 leaves some of 5 without a row


@every(("name", "crowd"), in_turn(OPTIONS, CROWDS))
def test_any_number_of_ranks_ends_where_one_process_does(name, crowd, tmp_path_factory, monkeypatch):
    folder, options = tmp_path_factory.mktemp("table"), OPTIONS[name]
    target = "k" if "classes" in name else "y"
    write_table(folder, target, weight="weight" in options)
    alone = fit_stream(folder / "*.parquet", target, training(**options))
    job = job_of(request_of(folder, target, **options), folder)
    size, sees = crowd
    monkeypatch.setattr(stepping, "seen_by_all", seen_by_all if sees else lambda *_: None)
    together = on_ranks(size, lambda group: train_on(group, job))
    assert [model is None for model in together] == [False] + [True] * (size - 1)
    np.testing.assert_allclose(numbers_of(together[0]), numbers_of(alone), rtol=1e-10, atol=1e-12)
    assert together[0].training["epochs"] == alone.training["epochs"]
    if "folds" in options:
        scores = [model.training["folds"]["scores"] for model in (together[0], alone)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-9)


@pytest.fixture
def job(tmp_path):
    return job_of(request_of(write_table(tmp_path)), tmp_path)


def test_the_same_number_of_ranks_gives_the_same_bits(job):
    for size in (3, 5):
        once, again = (on_ranks(size, lambda group: train_on(group, job))[0] for _ in range(2))
        np.testing.assert_array_equal(numbers_of(once), numbers_of(again))


def test_a_run_stopped_within_an_epoch_goes_on_with_another_number_of_ranks(job, tmp_path):
    seen = []

    def stops(event):  # on one rank of two
        seen.append(type(event))
        return seen.count(PartSettled) == 3

    def stopped(group):
        listeners = [stops] if group.rank == 1 else []
        return train_on(group, job, listeners=listeners, checkpoint=Checkpoint(tmp_path / "kept", every_minutes=0))

    assert on_ranks(2, stopped)[0].training["epochs"] < 3
    said = []
    kept = Checkpoint(tmp_path / "kept")
    went_on = on_ranks(3, lambda group: train_on(group, job, checkpoint=kept, say=said.append))[0]
    assert any("steps from" in line for line in said)
    np.testing.assert_allclose(numbers_of(went_on), numbers_of(train_on(Alone(), job)), rtol=1e-10, atol=1e-12)


def test_what_the_first_rank_refuses_ends_all(job, tmp_path):
    Checkpoint(tmp_path / "kept")
    on_ranks(1, lambda group: train_on(group, job, checkpoint=Checkpoint(tmp_path / "kept")))
    other = dataclasses.replace(job, training=training(learning_rate=0.1))
    errors = []

    def refused(group):
        with pytest.raises(InvalidInputError, match="of another run: learning rate"):
            train_on(group, other, checkpoint=Checkpoint(tmp_path / "kept"))
        errors.append(group.rank)

    on_ranks(2, refused)
    assert sorted(errors) == [0, 1]


def test_all_ranks_diverge_together_and_a_cache_that_is_not_there_is_named(job, tmp_path):
    def diverges(group):
        wild = dataclasses.replace(job, training=training(solver="sgd", learning_rate=1e200))
        recorder = None if group.rank else Recorder()
        with pytest.raises(DivergenceError, match=r"layer [234]") as caught:
            train_on(group, wild, recorder=recorder)
        assert caught.value.history == (() if group.rank else recorder.history)
        with pytest.raises(BacklitError, match=r"is not there|could not begin"):
            train_on(group, job if group.rank else dataclasses.replace(job, cache=str(tmp_path / "nowhere")))

    on_ranks(2, diverges)
    with pytest.raises(DataError, match="every machine sees"):
        dataclasses.replace(job, cache=str(tmp_path / "nowhere")).open()


def test_a_class_of_the_last_file_alone_is_known_and_a_cache_cut_meanwhile_ends_all(tmp_path):
    folder = write_table(tmp_path, "k")
    last = folder / "2.parquet"
    pl.read_parquet(last).with_columns(k=pl.lit("new")).write_parquet(last)
    job = job_of(request_of(folder, "k"), folder)
    model = on_ranks(2, lambda group: train_on(group, job))[0]
    assert model.target.classes == ("down", "new", "still", "up")

    def cuts(event):
        if isinstance(event, EpochEnded):
            os.truncate(folder / "cache" / "training.rows", 100)

    with pytest.raises(DataError, match="shorter than it was"):
        on_ranks(2, lambda group: train_on(group, job, listeners=[] if group.rank else [cuts]))


@pytest.mark.parametrize("engine", [NativeEngine(), ReferenceEngine()])
def test_a_gradient_that_is_not_finite_is_noticed_where_no_cost_follows(engine):
    network = Network.initialize([2, 3, 1], ["tanh", "identity"], seed=0)
    steps = stepping.stepping_of([engine.open(network, Objective("quadratic"))], Alone())
    shard = Shard(np.ones((4, 2)), np.zeros((4, 1)), None, np.arange(4))
    for check, is_noticed in ((False, False), (True, True)):
        steps.put(0, shard, 0)
        own = steps._gradients[0, 0] if isinstance(steps, StepsByShare) else steps._mean.own[0]
        own[0] = np.inf
        steps.add_up(check=check)
        assert np.isnan(steps.cost(0)) == is_noticed


def test_a_limit_of_time_is_the_first_ranks(job):
    from backlit.training.time_limit import TimeLimit

    def hurried(group):
        events = []
        limit = TimeLimit(0.01 if group.rank == 0 else 1e6)
        train_on(group, job, listeners=[events.append], limit=limit)
        return [event.record.cost for event in events if isinstance(event, EpochEnded)]

    first, second = on_ranks(2, hurried)
    assert first == second
    assert len(first) == 1


def test_folds_go_on_where_they_were_with_another_number_of_ranks(tmp_path):
    options = {"folds": 3, "patience": 1000, "epochs": 4}
    folder = write_table(tmp_path)
    job, run = job_of(request_of(folder, **options), folder), Checkpoint(tmp_path / "run", resume="auto")
    ended, undisturbed = 0, fit_stream(folder / "*.parquet", "y", training(**options))

    def stopping(event):
        nonlocal ended
        ended += isinstance(event, EpochEnded)
        return ended == 6  # in the second fold

    stopped = on_ranks(2, lambda group: train_on(group, job, checkpoint=run, listeners=[stopping][group.rank :]))[0]
    assert stopped.training["folds"]["epochs"] == [4, 2]
    resumed = on_ranks(3, lambda group: train_on(group, job, checkpoint=run))[0]
    assert resumed.training["folds"]["epochs"] == [4, 4, 4]
    np.testing.assert_allclose(numbers_of(resumed), numbers_of(undisturbed), rtol=1e-10, atol=1e-12)


def test_ranks_that_step_alone_are_averaged(job):
    watch = Stopwatch()
    alone = train_on(Alone(), job, average_every=4, watch=watch)
    np.testing.assert_allclose(numbers_of(alone), numbers_of(train_on(Alone(), job)), rtol=1e-10)
    assert set(watch.seconds) == {"read", "compute", "step", "reduce"}
    together = [on_ranks(2, lambda group: train_on(group, job, average_every=4))[0] for _ in range(2)]
    np.testing.assert_array_equal(*map(numbers_of, together))
    assert 1e-6 < np.abs(numbers_of(together[0]) - numbers_of(alone)).max() < 0.2
    averaged = dataclasses.replace(job, training=training(weight_average=0.9))
    with pytest.raises(InvalidInputError, match="average_every=2 does not go with weight_average"):
        train_on(Alone(), averaged, average_every=2)


def test_layers_are_recorded_by_the_first_rank(job):
    model = on_ranks(2, lambda group: train_on(group, job, recorder=None if group.rank else Recorder()))[0]
    assert model.training["recorded"]


def test_what_cannot_be_shared_is_refused(job, tmp_path):
    refused = ({"solver": "gd"}, "share batches"), (SHARING, "by one process")
    for options, said in refused:
        with pytest.raises(InvalidInputError, match=said):
            job_of(request_of(tmp_path, **options), tmp_path)


def test_numbers_of_workers():
    assert workers_of(" 4") == 4
    assert Workers(workers=workers_of("2-4")).range == (2, 4)
    assert Workers().range == (1, 1)
    for wrong in ("two", "2-", "-1"):
        with pytest.raises(InvalidInputError, match="no number of workers"):
            workers_of(wrong)
    for wrong in ({"workers": 0}, {"workers": (3, 2)}, {"cpus_per_worker": 0.0}, {"max_failures": -1}):
        with pytest.raises(InvalidInputError):
            Workers(**wrong)
    with pytest.raises(InvalidInputError, match="Ray Client"):
        Workers(address="ray://head:10001")


def test_steps_done_is_told_on_the_way(job):
    seen = []
    train_on(Alone(), job, listeners=[lambda event: seen.append(type(event))])
    assert seen.count(EpochEnded) == 3
    assert StepsDone in seen or seen.count(PartSettled) > 3
