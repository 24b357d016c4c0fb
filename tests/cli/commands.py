"""What the tests of the commands share: a table of homes, and what an error must look like."""

from __future__ import annotations

import numpy as np
import polars as pl

QUICK = ["--epochs", "3", "--hidden", "8"]


def homes(n=300, seed=0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.uniform(20, 200, n).round(1)
    kind = rng.choice(["flat", "house", "hut"], n)
    worth = 1000 * size + np.where(kind == "house", 50_000, 0) + rng.normal(0, 2000, n)
    rooms = [None if i % 17 == 0 else int(s // 25) for i, s in enumerate(size)]
    color = np.where(worth > np.median(worth), "red", "blue")
    return pl.DataFrame({"size": size, "kind": kind, "rooms": rooms, "worth": worth.round(2), "color": color})


def check_failure(code, out, err, folder, words, before):
    """An error of one or two lines that names what matters; no traceback, nothing written."""
    assert code in (1, 2), (code, out, err)
    message = [
        line
        for line in err.splitlines()
        if not line.startswith(("Read ", "Columns:", "Preset ", "Without bins", "  ", "Dropped ", "`", "epoch "))
    ]
    assert "Traceback" not in err
    assert code == 2 or 1 <= len(message) <= 2, err
    assert all(word in err for word in words), err
    assert sorted(path.name for path in folder.iterdir()) == before
