import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from backlit.data.stream import cache as cache_module
from backlit.data.stream.memory import Budget, bytes_of, usual_memory, would_take
from backlit.data.stream.random_bits import is_held_out
from backlit.data.stream.spill import Spill
from backlit.data.stream.text_pieces import TextOptions
from backlit.data.target import TargetScaler
from backlit.errors import BacklitError, InvalidInputError, OutputError
from backlit.tables import stream_start
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.tables.streaming import fit_stream
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochEnded, PartSettled
from backlit.training.recording import Recorder
from every import every
from peaks import peak

N = 3000
QUICK = {"hidden": (8,), "epochs": 2, "batch_size": 50, "learning_rate": 0.01}


def table(n=N, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    kind = rng.choice(["a", "b", "c"], n)
    y = x @ [1, -2, 0.5] + np.where(kind == "a", 2, -1) + np.sin(3 * x[:, 0])
    return pl.DataFrame(x, schema=["u", "v", "w"]).with_columns(
        kind=pl.Series(kind), weight=pl.Series(rng.integers(0, 3, n)), y=pl.Series(y), label=pl.Series(y > 0).cast(str)
    )


def written(folder: Path, frame: pl.DataFrame, n_files: int = 3) -> Path:
    folder.mkdir(exist_ok=True)
    step = -(-frame.height // n_files)
    for k in range(n_files):
        frame[k * step : (k + 1) * step].write_parquet(folder / f"{k}.parquet")
    return folder


class SmallBudget(Budget):
    """Of which a table of some thousand rows is a large part."""

    def __post_init__(self) -> None: ...

    piece, window, part = 1 << 14, 20_000, 8_000


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr("backlit.tables.stream_request.Budget", SmallBudget)


@pytest.fixture
def files(tmp_path):
    return written(tmp_path / "files", table().drop("label", "weight"))


def weights(model: TableModel):
    return np.concatenate([w.ravel() for network in (model.network, *model.others) for w in network.weights])


def test_a_stream_is_learned_as_well_as_a_table_in_memory_however_it_is_sorted(tmp_path, small):
    frame, test = table(6000).drop("label", "weight"), table(2000, seed=1)
    training = TableTraining(hidden=(16,), epochs=12, learning_rate=0.01, batch_size=50)
    good = TableModel.train(frame, "y", training).evaluate(test).metrics["r2"]
    for name, rows in (("shuffled", frame), ("sorted", frame.sort("y"))):
        files = written(tmp_path / name, rows)
        model = fit_stream(files, "y", training, task="regression")
        assert model.evaluate(test).metrics["r2"] == pytest.approx(good, abs=0.02), name
    assert good > 0.9


OPTIONS = {
    "classes": ("label", {"class_weight": "balanced", "label_smoothing": 0.1}),
    "weights": ("y", {"weight": "weight"}),
    "members": ("y", {"members": 2}),
    "sharing": ("label", {"members": 2, "sharing": "mini", "dropout": 0.1}),
    "dropout": ("label", {"dropout": 0.1, "numbers": "piecewise", "n_bins": 4}),
    "no validation": ("y", {"validation_fraction": 0.0}),
    "float64": (
        "y",
        {"dtype": "float64", "weight_average": 0.9, "input_scales": 6.0, "embedding": "pbld", "embed_above": 0},
    ),
}


class StopAfter:
    """Asks to stop at the n-th part of all."""

    def __init__(self, n):
        self.left = n

    def __call__(self, event):
        if isinstance(event, PartSettled) and not event.is_last:
            self.left -= 1
            return self.left == 0
        return False


@every("name", OPTIONS)
def test_a_run_goes_on_from_the_midst_of_an_epoch_with_the_same_bits(name, tmp_path_factory, small):
    folder = tmp_path_factory.mktemp("resumed")
    target, options = OPTIONS[name]
    files = written(folder / "files", table().drop("y" if target == "label" else "label"))
    training = TableTraining(**QUICK | options)
    parts = []
    whole = fit_stream(files, target, training, listeners=[lambda e: parts.append(e) and None])
    n_parts = sum(isinstance(event, PartSettled) for event in parts)
    assert n_parts > 8
    stop = StopAfter(n_parts - 2)
    kept = Checkpoint(folder / "checkpoints")
    stopped = fit_stream(files, target, training, checkpoint=kept, listeners=[stop], cache=folder / "cache")
    assert stopped.training["epochs"] == 1
    said = []
    again = fit_stream(files, target, training, checkpoint=kept, cache=folder / "cache", say=said.append)
    assert any("after epoch 1 of 2 and" in line for line in said)
    assert any("Using the cache" in line for line in said)
    assert np.array_equal(weights(again), weights(whole))
    assert not np.array_equal(weights(stopped), weights(whole))


def test_checkpoints_are_kept_within_an_epoch_where_minutes_are_counted(tmp_path, small, files):
    class Killed(Exception):
        pass

    def kill(event):
        if isinstance(event, EpochEnded):
            raise Killed

    kept = Checkpoint(tmp_path / "checkpoints", every_minutes=0)
    with pytest.raises(Killed):
        fit_stream(files, "y", TableTraining(**QUICK), checkpoint=kept, listeners=[kill], cache=tmp_path / "cache")
    said = []
    again = fit_stream(files, "y", TableTraining(**QUICK), checkpoint=kept, cache=tmp_path / "cache", say=said.append)
    assert any("Going on after epoch 0 of 2 and" in line for line in said)
    assert np.array_equal(weights(again), weights(fit_stream(files, "y", TableTraining(**QUICK))))


def test_other_files_can_be_validated_on(tmp_path, small, files):
    other = written(tmp_path / "other", table(500, seed=2).drop("label", "weight"), 1)
    records = []
    said = []
    fit_stream(
        files,
        "y",
        TableTraining(**QUICK),
        validation=other,
        say=said.append,
        listeners=[lambda e: records.append(e.record) if isinstance(e, EpochEnded) else None],
    )
    assert any("3,000 to train on, 500 to validate on" in line for line in said)
    assert all(record.validation_metric is not None for record in records)


def test_how_healthy_layers_are_is_recorded(small, files):
    recorder = Recorder()
    model = fit_stream(files, "y", TableTraining(**QUICK), recorder=recorder)
    assert [health.epoch for health in recorder.history] == [0, 1, 2]
    assert len(model.training["recorded"]) == 3


def test_a_cache_is_used_only_for_what_it_was_made_for(tmp_path, small, files):
    def fit(training=TableTraining(**QUICK), **options):
        said = []
        model = fit_stream(files, "y", training, cache=tmp_path / "cache", say=said.append, **options)
        return weights(model), next((line for line in said if "cache" in line), "")

    first, said = fit()
    assert "Encoded 3,000 rows" in said
    again, said = fit()
    assert "Using the cache" in said
    assert np.array_equal(first, again)
    assert "written anew: it was made for other validation" in fit(TableTraining(**QUICK, seed=1))[1]
    assert "made for other columns" in fit(columns={"kind": "text"})[1]
    fit()
    rows = tmp_path / "cache" / "training.rows"
    data = rows.read_bytes()
    rows.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "training.rows is damaged" in fit()[1]
    rows.write_bytes(data[:-1])
    assert "not as long as it was" in fit()[1]
    (tmp_path / "cache" / "cache.json").write_text('{"format": "backlit-cache"')
    assert "cannot be read" in fit()[1]
    assert np.array_equal(fit()[0], first)
    table(200).drop("label", "weight").write_parquet(files / "0.parquet")
    assert "made for other files" in fit()[1]


def failing(monkeypatch, what):
    if what == "full":
        monkeypatch.setattr(cache_module.shutil, "disk_usage", lambda path: os.statvfs_result and _Usage(free=1000))
    elif what == "full while writing":
        monkeypatch.setattr(cache_module.CacheWriter, "write", _full)
    elif what == "full at the end":
        monkeypatch.setattr(cache_module.np, "save", _no_space)
    elif what == "killed":
        monkeypatch.setattr(stream_start, "read_pieces", _interrupted)


class _Usage:
    def __init__(self, free):
        self.free = free


def _full(self, part, records):
    raise self._failed(OSError(28, "No space left on device"))


def _no_space(path, array):
    raise OSError(28, "No space left on device")


def _interrupted(first, *, strict=False):
    raise KeyboardInterrupt
    yield


@every(
    ("what", "error", "said"),
    [
        ("full", OutputError, "takes about .* has 0 MiB left"),
        ("full while writing", OutputError, "No space left"),
        ("full at the end", OutputError, "No space left"),
        ("killed", KeyboardInterrupt, None),
    ],
)
def test_a_cache_that_could_not_be_written_leaves_nothing(what, error, said, tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as monkeypatch:
        failing(monkeypatch, what)
        with pytest.raises(error, match=said):
            fit_stream(files, "y", TableTraining(**QUICK), cache=folder / "cache")
    assert not (folder / "cache").exists()


def test_a_place_that_cannot_be_a_cache_is_refused_before_files_are_read(tmp_path, files, monkeypatch):
    (tmp_path / "taken").write_text("not a folder")
    for cache in ("taken", "taken/below"):
        with pytest.raises(OutputError, match="is no folder"):
            fit_stream(files, "y", TableTraining(**QUICK), cache=tmp_path / cache)
    monkeypatch.setattr(cache_module.os, "access", lambda path, mode: False)
    monkeypatch.setattr(stream_start, "first_pass", None)
    with pytest.raises(OutputError, match="is not writable"):
        fit_stream(files, "y", TableTraining(**QUICK), cache=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_address_of_a_store_is_no_folder(tmp_path, files, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for address in ("s3://bucket/run", Path("gs://bucket/run")):
        with pytest.raises(OutputError, match=r"the address '\w+:.+bucket/run' came. Mount"):
            fit_stream(files, "y", TableTraining(**QUICK), cache=address)
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_only_what_is_of_the_cache_is_taken_from_its_folder(tmp_path, files):
    own = [tmp_path / "cache" / name for name in ("notes.npy", "training.notes.npy")]
    own[0].parent.mkdir()
    for path in own:
        path.write_text("somebody's")
    for seed in (0, 1):
        fit_stream(files, "y", TableTraining(**QUICK, seed=seed), cache=tmp_path / "cache")
    assert [path.read_text() for path in own] == ["somebody's"] * 2


def test_what_only_validation_has_is_named_with_its_file(tmp_path):
    both = table().select("u", "v", "kind", "label")
    written(tmp_path / "a", both, 2)
    row = int((both["u"] > 2).arg_max()) + 1
    for target, said in (
        ("kind", "the kind 'odd' is none of the 3 classes that are trained on"),
        ("label", "'odd' came where a flag was expected"),
    ):
        strange = pl.when(pl.col("u") > 2).then(pl.lit("odd")).otherwise(target).alias(target)
        written(tmp_path / target, both.with_columns(strange), 1)
        with pytest.raises(BacklitError, match=f"0.parquet.*row {row}: {said}"):
            fit_stream(tmp_path / "a", target, TableTraining(**QUICK), validation=tmp_path / target)


REFUSED = {
    "lbfgs": ({"solver": "lbfgs"}, "looks at all rows"),
    "gd": ({"solver": "gd"}, "looks at all rows"),
    "weight is target": ({"weight": "y"}, "both target and weight"),
    "no such weight": ({"weight": "nothing"}, "nothing"),
    "smoothing of numbers": ({"label_smoothing": 0.1}, "label_smoothing is for classes"),
}


@every("name", REFUSED)
def test_what_a_stream_cannot_do_is_said(name, files):
    options, said = REFUSED[name]
    with pytest.raises(BacklitError, match=said):
        fit_stream(files, "y", TableTraining(**QUICK | options))


def test_weights_count_as_rows_that_stand_there_so_often(tmp_path, files):
    frame = table(400).drop("label")
    least_squares = {"hidden": (), "epochs": 300, "learning_rate": 0.05, "validation_fraction": 0.0, "alpha": 0.0}
    training = TableTraining(**least_squares, weight="weight")
    often = frame.select(pl.exclude("weight").repeat_by("weight").explode())
    plain = TableModel.train(often, "y", TableTraining(**least_squares))
    for model in (
        TableModel.train(frame, "y", training),
        fit_stream(written(tmp_path / "weighted", frame), "y", training),
    ):
        assert model.evaluate(often).metrics["rmse"] == pytest.approx(plain.evaluate(often).metrics["rmse"], rel=0.01)
        assert "weight" not in model.encoder.schema_.by_name
    for wrong in (-1, None):
        with pytest.raises(BacklitError, match="the weight in 'weight'"):
            TableModel.train(frame.with_columns(weight=pl.lit(wrong, dtype=pl.Int64)), "y", training)


def test_rows_are_held_out_by_their_number_wherever_files_are_cut():
    numbers = np.arange(10_000, dtype=np.uint64)
    held = is_held_out(numbers, 0, 0.1)
    assert held.mean() == pytest.approx(0.1, abs=0.01)
    assert np.array_equal(np.concatenate([is_held_out(part, 0, 0.1) for part in np.split(numbers, 10)]), held)
    assert not np.array_equal(is_held_out(numbers, 1, 0.1), held)
    assert abs(np.corrcoef(held[1:], held[:-1])[0, 1]) < 0.05


def test_numbers_that_wait_on_disk_come_back(tmp_path):
    spill = Spill(tmp_path)
    numbers = np.random.default_rng(0).standard_normal(200_000)
    for part in np.array_split(numbers, 7):
        spill.add(part)
    assert np.array_equal(spill.all(), numbers)
    assert np.array_equal(spill.filled("float32", lambda piece: 2 * piece), (2 * numbers).astype("float32"))
    assert list(tmp_path.iterdir()) == []  # it has no name, so that nothing can be left over
    scaler = TargetScaler.fit_pieces(spill.pieces, len(numbers))
    assert (scaler.mean, scaler.scale) == pytest.approx((numbers.mean(), numbers.std()), rel=1e-13)


def test_sizes_of_memory():
    assert [bytes_of(text) for text in ("512M", "4GB", "1.5 GiB", "1000")] == [2**29, 2**32, 3 * 2**29, 1000]
    with pytest.raises(InvalidInputError, match="no size of memory"):
        bytes_of("much")
    with pytest.raises(InvalidInputError, match="At least 16 MiB"):
        fit_stream("x.parquet", "y", memory="1M")
    assert 2**24 <= usual_memory() < 2**45


def test_what_a_table_would_take_is_guessed_from_its_files(tmp_path):
    frame = table(2000)
    frame.write_parquet(tmp_path / "x.parquet")
    frame.write_csv(tmp_path / "x.csv")
    parquet, csv = (would_take([tmp_path / f"x.{kind}"], TextOptions(), in_bins=False) for kind in ("parquet", "csv"))
    assert csv == pytest.approx(parquet, rel=0.5)
    assert would_take([tmp_path / "x.csv"], TextOptions(), in_bins=True) > 1.5 * csv


PROGRAM = """
import sys
from backlit.tables.streaming import fit_stream
from backlit.tables.options import TableTraining
training = TableTraining(hidden=(8,), epochs=1, batch_size=500, validation_fraction=0.0)
fit_stream(sys.argv[1:], "y", training, memory="24M")
"""


@pytest.mark.thorough
def test_memory_does_not_grow_with_rows(tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.standard_normal((40_000, 12)), schema=[f"x{i}" for i in range(11)] + ["y"])
    files = []
    for k in range(16):
        files.append(tmp_path / f"{k:02}.parquet")
        frame.write_parquet(files[-1])
    peaks = [peak(PROGRAM, *files[:n]) for n in (1, 4, 16)]
    # the table would grow by 54 MiB, its encoded rows by 27; y by 5, as it is read
    assert peaks[1] - peaks[0] < 25, peaks
    assert peaks[2] - peaks[1] < 15, peaks
