#!/usr/bin/env bash
# optax's Rprop takes each step by the slope of the step before: at a minimum it runs past, and its first step is none.
#
# One would guess: Rprop steps against the sign of the slope that it is given, with a size of its own for each weight,
# and optax and PyTorch, which have the same factors of 0.5 and 1.2, go the same way.
# What happens: optax works the step out, keeps it, and hands out the one that it kept the time before. The first call
# answers zeros; afterwards the steps are those of PyTorch, one call late, until the slope first turns: the late step is
# dropped and so is the one that was due, and from there on the two have nothing in common.
# Why it matters: Rprop is for small networks trained on all rows at once. What is found to train well in
# PyTorch ends in optax at twice the loss after as many passes, and nothing looks wrong: the loss falls.
# Seen in: optax 0.2.8 with JAX 0.10.2, against PyTorch 2.13.0; a change for it is proposed in optax (pull request 1725).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq optax==0.2.8 jax==0.10.2 torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in ("optax", "jax", "torch")))
print("belief:   each step goes against the slope that was handed over, as in PyTorch")
print("behavior: it goes against the slope before")


def steps_of_torch(slopes):
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Rprop([weight], lr=0.01)
    way = [0.0]
    for slope in slopes:
        weight.grad = torch.tensor([slope])
        optimizer.step()
        way.append(weight.item())
    return np.diff(way)


def steps_of_optax(slopes):
    optimizer = optax.rprop(0.01)
    state = optimizer.init(jnp.zeros(1))
    steps = []
    for slope in slopes:
        step, state = optimizer.update(jnp.array([slope]), state)
        steps.append(float(step[0]))
    return np.array(steps)


slopes = [1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, 1.0]
seen = steps_of_torch(slopes), steps_of_optax(slopes)
print("slopes", slopes)
for name, steps in zip(("torch", "optax"), seen):
    print(name, " ", steps.round(4).tolist())
assert seen[1][0] == 0 and np.allclose(seen[1][1:3], seen[0][:2], atol=1e-6)
assert not np.allclose(seen[0], seen[1], atol=1e-3)

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 6)).astype("float32")
y = (np.sin(X[:, 0]) + X[:, 1] * X[:, 2]).astype("float32")


def loss(weights):
    W, b, V, c = weights
    return jnp.mean((jnp.tanh(X @ W + b) @ V + c - y) ** 2)


slope_of = jax.jit(jax.value_and_grad(loss))


def trained(library, seed):
    rng = np.random.default_rng(seed)
    shapes = (6, 20), (20,), (20,), ()
    arrays = [np.float32(rng.normal(size=shape) * 0.4) for shape in shapes]
    if library == "torch":
        held = [torch.nn.Parameter(torch.from_numpy(np.array(array))) for array in arrays]
        optimizer = torch.optim.Rprop(held, lr=0.01)
        for _ in range(200):
            found, slopes = slope_of([jnp.asarray(weight.detach().numpy()) for weight in held])
            for weight, slope in zip(held, slopes):
                weight.grad = torch.from_numpy(np.array(slope))
            optimizer.step()
        return float(found)
    weights = [jnp.asarray(array) for array in arrays]
    optimizer = optax.rprop(0.01)
    state = optimizer.init(weights)
    for _ in range(200):
        found, slopes = slope_of(weights)
        steps, state = optimizer.update(slopes, state, weights)
        weights = optax.apply_updates(weights, steps)
    return float(found)


ends = {library: [trained(library, seed) for seed in range(5)] for library in ("torch", "optax")}
for library, found in ends.items():
    print(f"{library} after 200 passes over 500 rows, five starts: loss {np.round(found, 4).tolist()}")
assert np.median(ends["optax"]) > 1.5 * np.median(ends["torch"])
PY
