import json

import numpy as np
import polars as pl

from backlit.data.inspection import inspect_table
from backlit.data.leaks import find_leaks


def table(n=200):
    rng = np.random.default_rng(0)
    y = rng.normal(size=n)
    noise = rng.normal(size=n)
    return pl.DataFrame(
        {
            "id": list(map(str, range(n))),
            "size": [f"{v:.3f}" if i % 10 else "unknown" for i, v in enumerate(noise)],
            "kind": ["hut" if v > 1 else "flat" for v in noise],
            "n": ["7"] * n,
            "twice": [f"{2 * v + 3:.6f}" for v in y],
            "y": [f"{v:.4f}" for v in y],
        }
    )


def test_columns_are_shown_with_ranges_gaps_and_frequent_values():
    found = inspect_table(table())
    by_name = {facts.column.name: facts for facts in found.columns}
    assert [facts.column.kind for facts in found.columns] == [
        *("identifier", "number", "category", "constant", "number", "number")
    ]
    assert by_name["size"].column.n_misfits == 20
    assert "'unknown' ×20" in by_name["size"].said
    assert -4 < by_name["size"].low < -1 < 1 < by_name["size"].high < 4
    assert by_name["size"].frequent == ()
    (value, share), _ = by_name["kind"].frequent
    assert (value, share) == ("flat", (table()["kind"] == "flat").mean())
    assert found.target is None
    assert json.loads(json.dumps(found.to_document(), allow_nan=False))["rows"] == 200


def test_a_column_that_gives_the_target_alone_is_a_leak():
    target = inspect_table(table(), target="y").target
    assert target.task == "regression"
    assert [leak.column for leak in target.leaks] == ["twice"]
    target = inspect_table(table(), target="kind").target
    assert target.classes == {"flat": 170, "hut": 30} or sum(target.classes.values()) == 200
    assert next(iter(target.classes)) == "flat"
    assert target.leaks == ()  # of size, from which it is made, a tenth are gaps


def test_leaks_are_found_in_columns_of_every_kind():
    n = 100
    y = np.arange(n) % 2
    frame = pl.DataFrame(
        {
            "text": np.where(y, "yes", "no"),
            "flag": y == 1,
            "day": pl.Series(y).cast(pl.Date),
            "row": np.arange(n),
            "empty": pl.Series([None] * n, dtype=pl.Float64),
            "y": np.where(y, "a", "b"),
        }
    )
    found = find_leaks(frame, "y", "classification", ["text", "flag", "day", "row", "empty"])
    assert [(leak.column, leak.score) for leak in found] == [("text", 1), ("flag", 1), ("day", 1)]
    assert find_leaks(frame[:10], "y", "classification", ["text"]) == ()
