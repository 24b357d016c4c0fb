#!/usr/bin/env bash
# NumPy's mean of a float32 column of years up to 2025 is 2028; by itself the same column has 2012.5.
#
# One would guess: NumPy adds float32 numbers in pairs of pairs, so that a mean over a million rows is good to six
# digits, and X.mean(axis=0) is the mean of each column.
# What happens: pairs are made along the axis that lies together in memory. Down the columns of an ordinary table NumPy
# adds row after row into one float32 number, which from 2**30 on can only be raised in steps of 128: each year counts
# as 2048. The spread taken around that mean is 17 instead of 7.5. The same column by itself, the same table in
# Fortran's order, PyTorch and JAX give 2012.5.
# Why it matters: (X - X.mean(0)) / X.std(0) is the first line of many a program that trains a network, float32 is what
# networks take, and a table that was right with ten thousand rows is wrong with a million. No column has a mean of 0.
# Seen in: NumPy 2.4.6, against PyTorch 2.13.0 and JAX 0.10.2 on a processor.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq numpy==2.4.6 torch==2.13.0 jax==0.10.2
cd "$work"
"$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import jax.numpy as jnp
import numpy as np
import torch

print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in ("numpy", "torch", "jax")))
print("belief:   X.mean(axis=0) has the means of the columns")
print("behavior: over many rows of float32 it has sums that got stuck")
rng = np.random.default_rng(0)
for rows in (10_000, 1_000_000):
    years = rng.integers(2000, 2026, rows).astype("float32")
    X = np.column_stack([years, rng.normal(size=rows).astype("float32")])
    exact = float(years.astype("float64").mean())
    means = {
        "X.mean(axis=0)": X.mean(axis=0)[0],
        "X.mean(axis=0, dtype=float64)": X.mean(axis=0, dtype="float64")[0],
        "X[:, 0].mean()": X[:, 0].mean(),
        "np.asfortranarray(X).mean(axis=0)": np.asfortranarray(X).mean(axis=0)[0],
        "torch": float(torch.tensor(X).mean(0)[0]),
        "jax": float(jnp.asarray(X).mean(0)[0]),
    }
    for name, mean in means.items():
        print(f"{rows:9,} rows, {name:33} {mean:.3f}, {exact:.3f} is right")
        stuck = rows == 1_000_000 and name == "X.mean(axis=0)"
        assert mean > years.max() + 1 if stuck else abs(mean - exact) < 0.05
    spread = X.std(axis=0)[0], years.astype("float64").std()
    scaled = ((X - X.mean(axis=0)) / X.std(axis=0))[:, 0].astype("float64")
    print(f"{rows:9,} rows, X.std(axis=0) {spread[0]:.2f}, {spread[1]:.2f} is right; "
          f"scaled with both: mean {scaled.mean():.2f}, spread {scaled.std():.2f}")
assert spread[0] > 2 * spread[1] and scaled.mean() < -0.5
PY
