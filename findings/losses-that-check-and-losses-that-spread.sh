#!/usr/bin/env bash
# In one library the squared error refuses a target of another shape, and Huber's loss beside it trains on n x n pairs.
#
# One would guess: a network's output of shape (n, 1) against targets of shape (n,) is the classic mistake, and each
# library has its one answer to it: an error (MLX, optax), a warning (PyTorch), or the right thing (Keras).
# What happens: the answer belongs to the loss. MLX checks in mse_loss and l1_loss, and not in huber_loss, log_cosh_loss and
# hinge_loss; optax checks in squared_error, and not in huber_loss, log_cosh and sigmoid_binary_cross_entropy; PyTorch
# warns in mse_loss, and not in poisson_nll_loss, gaussian_nll_loss and hinge_embedding_loss. Those that do not check
# compare each answer with each target: the loss is a plausible number, falls in the first epochs, and the network
# learns the same middle value for all rows.
# Why it matters: one takes Huber's loss after the squared error worked, because a table has outliers. The shape that was
# caught before is not caught now, and an R2 of 0 looks like a table that has nothing to learn from.
# Seen in: mlx 0.32.4, optax 0.2.8 and PyTorch 2.13.0; Keras 3 brings the shapes together.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq "mlx[cpu]==0.32.4" optax==0.2.8 jax==0.10.2 torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import warnings
from importlib.metadata import version

import jax
import jax.numpy as jnp
import mlx.core as mx
import mlx.nn.losses
import numpy as np
import optax
import torch
from torch.nn import functional

print("version: ", ", ".join(f"{name} {version(name)}" for name in ("mlx", "optax", "torch")))
print("belief:   a library checks shapes in its losses, or does not")
print("behavior: it checks in some of them")
column, row = np.arange(1, 5, dtype=np.float32)[:, None], np.arange(1, 5, dtype=np.float32)
libraries = {
    "mlx": (mlx.nn.losses, mx.array, ("mse_loss", "l1_loss"), ("huber_loss", "log_cosh_loss", "hinge_loss")),
    "optax": (optax, jnp.array, ("squared_error", "l2_loss"), ("huber_loss", "log_cosh", "sigmoid_binary_cross_entropy")),
    "torch": (functional, torch.tensor, ("mse_loss", "l1_loss", "huber_loss"), ("poisson_nll_loss", "hinge_embedding_loss", "gaussian_nll_loss")),
}
for name, (home, array, checking, spreading) in libraries.items():
    for loss in (*checking, *spreading):
        more = [array(column)] if loss == "gaussian_nll_loss" else []
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                value = float(np.mean(np.asarray(getattr(home, loss)(array(column), array(row), *more))))
                answer = f"{value:.3f}" + (", with a warning" if said else ", without a word")
            except ValueError:
                answer = "refused"
        print(f"{name:5} {loss:28} (4, 1) against (4,): {answer}")
        assert answer.endswith("word") == (loss in spreading), (name, loss, answer)

rng = np.random.default_rng(0)
x = jnp.array(rng.normal(size=(500, 3)), jnp.float32)
y = x @ jnp.array([1.0, -2.0, 0.5])
for shape in ((500, 1), (500,)):
    target = y.reshape(shape)
    slope = jax.jit(jax.grad(lambda w: optax.huber_loss(x @ w, target).mean()))
    w = jnp.zeros((3, 1))
    for _ in range(500):
        w -= 0.3 * slope(w)
    r2 = 1 - float(jnp.mean(((x @ w)[:, 0] - y) ** 2) / jnp.var(y))
    print(f"a line fitted with optax.huber_loss, targets of shape {shape}: R2 {r2:.3f}")
    assert r2 > 0.99 if shape == (500, 1) else abs(r2) < 0.05
PY
