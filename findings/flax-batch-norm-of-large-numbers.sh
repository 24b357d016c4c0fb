#!/usr/bin/env bash
# Flax's BatchNorm gives a column of air pressures a spread of 0.5 in one batch and of thousands in the next.
#
# One would guess: a BatchNorm in front of a network is the easy way to scale the columns of a table; it brings each one
# to a mean of 0 and a spread of 1, in float32 about as well as PyTorch's does.
# What happens: Flax's and Haiku's layers take the mean of the squares less the square of the mean. The squares of
# 101,325 pascals are steps of 1,024 apart in float32, and the variance to be found is 900: what is left of it is
# rounding, cut off at 0. PyTorch, Keras on JAX and MLX give 1.00 for each batch.
# Why it matters: years, elevations, pressures, prices and counts have means far above their spreads. Spreads differ
# from batch to batch by rounding alone, the running variance keeps that, and nothing warns.
# Seen in: Flax 0.12.8 (linen and nnx) and Haiku 0.0.17 on a processor; use_fast_variance=False of Flax gives 1.00.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq flax==0.12.8 dm-haiku==0.0.17 jax==0.10.2 keras==3.15.1 torch==2.13.0 "mlx[cpu]==0.32.4" numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import flax.linen
import flax.nnx
import haiku
import jax
import keras
import mlx.core as mx
import mlx.nn
import numpy as np
import torch

names = "flax", "dm-haiku", "jax", "torch", "keras", "mlx"
print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in names))
print("belief:   BatchNorm brings a column to a spread of 1")
print("behavior: Flax's and Haiku's bring it to what rounding leaves")


def linen(X, **options):
    layer = flax.linen.BatchNorm(use_running_average=False, epsilon=1e-5, **options)
    return layer.apply(layer.init(jax.random.key(0), X), X, mutable=["batch_stats"])[0]


def of_haiku(X):
    layer = haiku.transform_with_state(lambda x: haiku.BatchNorm(True, True, 0.9)(x, is_training=True))
    return layer.apply(*layer.init(jax.random.key(0), X), None, X)[0]


layers = {
    "flax.linen": linen,
    "flax.nnx": lambda X: flax.nnx.BatchNorm(1, rngs=flax.nnx.Rngs(0))(X, use_running_average=False),
    "haiku": of_haiku,
    "flax.linen, use_fast_variance=False": lambda X: linen(X, use_fast_variance=False),
    "torch": lambda X: torch.nn.BatchNorm1d(1)(torch.tensor(X)).detach().numpy(),
    "keras": lambda X: keras.layers.BatchNormalization(epsilon=1e-5)(X, training=True),
    "mlx": lambda X: mlx.nn.BatchNorm(1)(mx.array(X)),
}
rng = np.random.default_rng(0)
for column, mean, spread in (("degrees", 15, 8), ("pascals", 101325, 30)):
    batches = rng.normal(mean, spread, (20, 256, 1)).astype("float32")
    print(f"{column} around {mean:,}, with a spread of {spread}, in 20 batches of 256 rows")
    for name, layer in layers.items():
        after = np.array([np.asarray(layer(X)).std() for X in batches])
        print(f"  {name:35} spreads from {np.nanmin(after):.3f} to {np.nanmax(after):.3f}")
        right = np.abs(after - 1) < 0.01
        fast = name in ("flax.linen", "flax.nnx", "haiku") and column == "pascals"
        assert right.sum() < 10 if fast else right.all()
PY
