#!/usr/bin/env bash
# With the learning rate set to 0, Keras's SGD with momentum goes on moving the weights, by nine more steps in all.
#
# One would guess: a rate of 0 stops training; and a rate lowered to a tenth makes steps a tenth as long, at once.
# What happens: libraries put the rate in two places. PyTorch, optax and MLX gather slopes and multiply the sum by the
# rate of the moment: at 0 the weights stand still. Keras gathers steps, each multiplied by the rate of its own time:
# what was gathered at the old rate is still walked off, 9 times the last slope's step at a momentum of 0.9, 99 times at
# 0.99. As long as the rate stays the same the two are equal to the last digit.
# Why it matters: a schedule that drops, ReduceLROnPlateau or a warm-up is another way through the weights in either
# library; and a rate set to 0 for an epoch, so that the means in BatchNorm settle while the weights hold still, does
# not hold them.
# Seen in: Keras 3.15.1, against PyTorch 2.13.0, optax 0.2.8 and MLX 0.32.4.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 jax==0.10.2 optax==0.2.8 torch==2.13.0 "mlx[cpu]==0.32.4" numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import jax.numpy as jnp
import keras
import mlx.core as mx
import mlx.optimizers
import numpy as np
import optax
import torch

print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in ("keras", "torch", "optax", "mlx")))
print("belief:   the step is as long as the rate of the moment says")
print("behavior: Keras still walks off what it gathered at the old rate")
rate, momentum, before, after = 0.1, 0.9, 200, 200


def way_of_torch(later):
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=rate, momentum=momentum)
    for step in range(before + after):
        optimizer.param_groups[0]["lr"] = rate if step < before else later
        weight.grad = torch.ones(1)
        optimizer.step()
        yield weight.item()


def way_of_keras(later):
    weight = keras.Variable([0.0])
    optimizer = keras.optimizers.SGD(rate, momentum=momentum)
    for step in range(before + after):
        optimizer.learning_rate = rate if step < before else later
        optimizer.apply([jnp.ones(1)], [weight])
        yield float(weight.value[0])


def way_of_optax(later):
    optimizer = optax.sgd(lambda step: jnp.where(step < before, rate, later), momentum=momentum)
    weight = jnp.zeros(1)
    state = optimizer.init(weight)
    for _ in range(before + after):
        step, state = optimizer.update(jnp.ones(1), state)
        weight = weight + step
        yield float(weight[0])


def way_of_mlx(later):
    weights = {"w": mx.zeros(1)}
    optimizer = mlx.optimizers.SGD(rate, momentum=momentum)
    for step in range(before + after):
        optimizer.learning_rate = rate if step < before else later
        weights = optimizer.apply_gradients({"w": mx.ones(1)}, weights)
        yield weights["w"].item()


start = None
for way in (way_of_torch, way_of_optax, way_of_mlx, way_of_keras):
    name = way.__name__[7:]
    stopped, lowered = np.array(list(way(0.0))), np.array(list(way(rate / 10)))
    start = stopped[before - 1] if start is None else start
    assert abs(stopped[before - 1] - start) < 0.01
    steps = np.diff(lowered)[[before - 2, before - 1, before + 8]]
    more = stopped[-1] - stopped[before - 1]
    print(f"{name:5} until the change {stopped[before - 1]:.2f}, at a rate of 0 {more:.2f} more; "
          f"steps at a tenth: {steps[0]:.2f} before, {steps[1]:.2f} the next, {steps[2]:.2f} the tenth")
    if name == "keras":
        assert abs(more + 9) < 0.01 and steps[1] / steps[0] > 0.9 and steps[2] / steps[0] > 0.35
    else:
        assert stopped[-1] == stopped[before - 1] and abs(steps[1] / steps[0] - 0.1) < 0.01
PY
