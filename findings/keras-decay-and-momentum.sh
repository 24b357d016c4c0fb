#!/usr/bin/env bash
# SGD(weight_decay=0.5) of Keras and of PyTorch is one thing without momentum; with momentum Keras's pulls a tenth.
#
# One would guess: weight_decay in SGD is the penalty on large weights, AdamW with its own way has a name of its own,
# and where Keras and PyTorch agree to the last digit without momentum they agree with it.
# What happens: PyTorch and MLX add the decay to the slope, so it goes through the momentum with the slope, and the
# weights end where the loss with the penalty is least. Keras takes the decay off the weights beside the momentum, in
# every optimizer that has the argument. Momentum of 0.9 makes the slope's steps ten times as long and not the decay's:
# the weights end where a tenth of the penalty would bring them, at 0.99 a hundredth. Keras's Adam is AdamW in this way.
# Why it matters: momentum is taken to reach the same end sooner. In Keras it moves the end as well, and a decay that
# was found in PyTorch or without momentum is ten times too weak: networks for small tables overfit.
# Seen in: Keras 3.15.1 on JAX, against PyTorch 2.13.0 and MLX 0.32.4.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 jax==0.10.2 torch==2.13.0 "mlx[cpu]==0.32.4" numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import jax.numpy as jnp
import keras
import mlx.core as mx
import mlx.optimizers
import numpy as np
import torch

names = "keras", "torch", "mlx"
print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in names))
print("belief:   the decay is a penalty, which momentum does not change")
print("behavior: in Keras momentum makes it weaker")
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 1))
y = X[:, 0] * 2
square, product = float(np.mean(X[:, 0] ** 2)), float(np.mean(X[:, 0] * y))
rate, decay = 0.02, 0.5


def slope(weight):
    return 2 * (square * weight - product)


def of_torch(momentum):
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=rate, momentum=momentum, weight_decay=decay)
    for _ in range(400):
        weight.grad = slope(weight.detach())
        optimizer.step()
    return weight.item()


def of_mlx(momentum):
    weights = {"w": mx.zeros(1)}
    optimizer = mlx.optimizers.SGD(rate, momentum=momentum, weight_decay=decay)
    for _ in range(400):
        weights = optimizer.apply_gradients({"w": slope(weights["w"])}, weights)
    return weights["w"].item()


def of_keras(momentum):
    weight = keras.Variable([0.0])
    optimizer = keras.optimizers.SGD(rate, momentum=momentum, weight_decay=decay)
    for _ in range(400):
        optimizer.apply([jnp.asarray(slope(weight.value))], [weight])
    return float(weight.value[0])


def least(penalty):
    return 2 * product / (2 * square + penalty)


for momentum in (0.0, 0.9):
    print(f"momentum {momentum}: the loss with the whole penalty is least at {least(decay):.4f}, "
          f"with a tenth of it at {least(decay / 10):.4f}")
    for library in (of_torch, of_mlx, of_keras):
        end = library(momentum)
        print(f"  {library.__name__[3:]:5} ends at {end:.4f}")
        weaker = library is of_keras and momentum == 0.9
        assert abs(end - least(decay / 10 if weaker else decay)) < 2e-3
PY
