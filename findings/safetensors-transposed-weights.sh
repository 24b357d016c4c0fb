#!/usr/bin/env bash
# A transposed NumPy matrix comes back from safetensors with its numbers in other places.
#
# One would guess: save() writes the matrix one sees. If it cannot write an array that lies column by column in memory,
# it refuses, as it does for torch.
# What happens: the shape is written as seen, the bytes as they lie. Load gives the right shape, the right set of numbers,
# and each number in the wrong place. Nothing is said.
# Why it matters: libraries keep a layer's weights as inputs x outputs or as outputs x inputs, so whoever carries a
# network from one to the other writes `weights.T`. The loaded network runs and answers nonsense.
# Remedy: numpy.ascontiguousarray before saving.
# Seen in: safetensors 0.8.0, reading back exported weights. Reported to its makers (safetensors issue 825), who say that
# 0.7.0 wrote it right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq safetensors==0.8.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import numpy as np
import safetensors
from safetensors.numpy import load, save

weights = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])  # two inputs, three outputs
turned = weights.T
loaded = load(save({"weights": turned}))["weights"]
copied = load(save({"weights": np.ascontiguousarray(turned)}))["weights"]

print("version:  safetensors", safetensors.__version__)
print("belief:   what is loaded equals what was saved")
print("behavior: the shape survives, the places of the numbers do not")
print("saved:   ", turned.tolist())
print("loaded:  ", loaded.tolist())
print("loaded from a row-by-row copy:", copied.tolist())

assert loaded.shape == turned.shape
assert loaded.tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
assert turned.tolist() == copied.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
PY
