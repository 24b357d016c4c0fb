#!/usr/bin/env bash
# MLX's Adam does not correct its moments for having begun at zero, unless it is asked to.
#
# One would guess: Adam is Adam: with the same rate, betas and epsilon MLX takes the steps of PyTorch, Keras, optax and
# scikit-learn, whose first one is as long as the rate, whatever the gradient.
# What happens: bias_correction is False by default, for Adam and for AdamW. The first step is then
# (1 - beta_1) / sqrt(1 - beta_2) = 3.16 times the rate, the second one 4.2 times, and with beta_2 = 0.95 it is less than
# half of it. With bias_correction=True the steps are the usual ones.
# Why it matters: a rate that was found with another library is three to four times too large at the start, just where a
# network is most easily thrown off, and a comparison step by step fails with every formula right.
# Seen in: mlx 0.32.4 on Linux, comparing optimizers of peers. Its page says that the correction is left out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq "mlx[cpu]==0.32.4"
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import mlx.core as mx
import mlx.optimizers as optimizers

RATE = 0.1


def steps(optimizer, n=2):
    """Return how far a weight moves in each step, in rates, where the gradient is always 2."""
    weights, moved = {"w": mx.array([1.0])}, []
    for _ in range(n):
        after = optimizer.apply_gradients({"w": mx.array([2.0])}, weights)
        moved.append((weights["w"] - after["w"]).item() / RATE)
        weights = after
    return moved


print("version:  mlx", version("mlx"))
print("belief:   the first steps of Adam under a constant gradient are as long as the rate")
print("behavior: they are so only where bias_correction=True is given")
for options, expected in (
    ({}, [3.1623, 4.2496]),
    ({"betas": [0.9, 0.95]}, [0.4472, 0.6085]),
    ({"bias_correction": True}, [1.0, 1.0]),
):
    moved = steps(optimizers.Adam(RATE, **options))
    print(f"Adam({options or ''}): {moved[0]:.4f} and {moved[1]:.4f} rates")
    assert all(abs(a - b) < 2e-3 for a, b in zip(moved, expected, strict=True)), moved
PY
