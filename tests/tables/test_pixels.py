"""Images are trained on as the bytes that they are: in memory and in pieces, to the bits of their floats."""

import numpy as np
import polars as pl
import pytest

from backlit.core.network import Network
from backlit.engine.picked import Picked
from backlit.engine.whole_bytes import WholeBytes, as_bytes, widened
from backlit.tables import start
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.tables.stream_rows import StreamedRows
from backlit.tables.streaming import fit_stream
from backlit.training.recording import Recorder
from every import every

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (900, 12), dtype=np.uint8)
TABLE = pl.DataFrame({f"pixel_{j}": PIXELS[:, j] for j in range(12)} | {"y": [f"c{v}" for v in PIXELS[:, 0] // 100]})


def options(**more):
    return TableTraining(**{"hidden": (9,), "epochs": 3, "batch_size": 16, "seed": 1} | more)


def learned(model):
    network = model.network
    members = getattr(network, "members", [network])
    return [each.tolist() for member in members for each in (*member.weights, *member.biases)]


@every("more", [{}, {"members": 2}, {"validation_fraction": 0.0}, {"folds": 3}])
def test_a_table_in_memory_is_of_bytes(more):
    seen, recorders = [], [Recorder(), Recorder()] if not more else [None, None]
    with pytest.MonkeyPatch.context() as patch:
        run_on = start.TableStart.of.__func__

        def of(*given, **named):
            found = run_on(*given, **named)
            seen.append(found.examples.x)
            return found

        patch.setattr(start.TableStart, "of", classmethod(of))
        model = TableModel.train(TABLE, "y", options(**more), recorder=recorders[0])
        assert isinstance(seen[0], WholeBytes)
        of_floats = lambda values, divisor: WholeBytes(values, divisor).floats("float32")  # noqa: E731
        patch.setattr(start, "WholeBytes", of_floats)
        wanted = TableModel.train(TABLE, "y", options(**more), recorder=recorders[1])
        assert isinstance(seen[1], np.ndarray)
    assert learned(model) == learned(wanted)
    if not more:
        assert recorders[0].history
        assert recorders[0].to_dict() == recorders[1].to_dict()


@every("memory", ["16M", "2G"])
@every("dtype", ["float32", "float64"])
def test_a_stream_is_of_bytes(tmp_path_factory, memory, dtype):
    folder = tmp_path_factory.mktemp("stream")
    TABLE.write_parquet(folder / "x.parquet")
    seen, found = [], []
    parts = StreamedRows._parts

    def watched(rows, *given, **more):
        for part in parts(rows, *given, **more):
            seen.append(part.x)
            yield part

    def as_floats(rows, records):
        return rows.records.unpack(records)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StreamedRows, "_parts", watched)
        for _ in range(2):
            model = fit_stream([folder / "x.parquet"], "y", options(dtype=dtype), memory=memory)
            found.append(learned(model))
            patch.setattr(StreamedRows, "_inputs", as_floats)
    half = len(seen) // 2
    assert all(isinstance(x, Picked) and isinstance(x.whole, WholeBytes) for x in seen[:half])
    assert not any(as_bytes(x) for x in seen[half:])
    assert found[0] == found[1]


def test_bytes_of_a_table_are_its_features():
    found = start.TableStart.of(TABLE, "y", options(), None, lambda _: None)
    wanted = found.encoder.transform(TABLE.drop("y"))
    assert widened(found.examples.x, "float32").tolist() == wanted.tolist()
    assert isinstance(found.network, Network)


def test_a_table_with_another_column_is_of_floats():
    table = TABLE.with_columns(age=pl.Series(RNG.normal(size=900)))
    found = start.TableStart.of(table, "y", options(), None, lambda _: None)
    assert isinstance(found.examples.x, np.ndarray)
    assert found.examples.x.dtype == np.float32
