#!/usr/bin/env bash
# NumPy takes rows out of an array of records field by field, which makes a shuffled batch many times as slow.
#
# One would guess: records[rows] copies each record whole, as matrix[rows] copies each row of a matrix: their bytes lie
# side by side, and their type is the same on both ends.
# What happens: every field of every record is copied by itself. With the numbers of a table as 20 fields of float32 it
# takes some 25 times as long as to take the same bytes as rows of a matrix of bytes.
# Why it matters: records are how tables of several types are kept in one array, in .npy and in memory maps, and to take
# shuffled rows is what a data loader does all day: it costs more than the step of a small network on them.
# Seen in: NumPy 2.4.6, reading batches from a memory map of records.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W error - <<'PY'
import time

import numpy as np

rng = np.random.default_rng(0)
matrix = rng.standard_normal((20_000, 20), dtype=np.float32)  # so few that they stay in the cache
records = matrix.view([(f"x{k}", np.float32) for k in range(20)])[:, 0]
rows = rng.permutation(len(records))


def least(take) -> float:
    times = []
    for _ in range(31):
        start = time.perf_counter()
        take()
        times.append(time.perf_counter() - start)
    return min(times)


as_bytes = records.view(np.uint8).reshape(len(records), records.itemsize)
slow, fast = least(lambda: records[rows]), least(lambda: as_bytes.take(rows, axis=0))

print("version:  numpy", np.__version__)
print("belief:   records[rows] copies records whole, as fast as rows of bytes")
print("behavior: it copies them field by field")
print(f"records[rows]: {slow / len(rows) * 1e9:.0f} ns a record, the same bytes as rows: {fast / len(rows) * 1e9:.0f} ns")

assert (records[rows].view(np.float32).reshape(-1, 20) == matrix[rows]).all()
assert (as_bytes.take(rows, axis=0).view(np.float32) == matrix[rows]).all()
assert slow > 2.5 * fast, (slow, fast)
PY
