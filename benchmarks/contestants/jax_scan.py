"""JAX: a whole epoch in one jitted scan. The process is pinned to its processors from outside."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from cases import Case

from contestants import Setting, Training

SIGMA = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "identity": lambda z: z, "softmax": lambda z: z}


def settings(case: Case) -> list[Setting]:
    # unrolling saves a few microseconds per step, which long steps do not notice
    return [{"unroll": n} for n in ((4, 1, 8) if case.flops_per_step < 1e7 else (1,))]


def train(case: Case, n_threads: int, unroll: int) -> Training:
    jax.config.update("jax_enable_x64", case.dtype == "float64")
    x, y = (jnp.asarray(array) for array in case.data())

    def cost(parameters, x_batch, y_batch):
        a = x_batch
        for (wt, b), activation in zip(parameters, case.activations, strict=True):
            a = SIGMA[activation](a @ wt + b)
        if case.loss == "cross_entropy":
            return -(y_batch * jax.nn.log_softmax(a)).sum(axis=1).mean()
        return 0.5 * ((a - y_batch) ** 2).sum(axis=1).mean()

    def step(carry, rows):
        parameters, m, v, t = carry
        nabla = jax.grad(cost)(parameters, x[rows], y[rows])
        if case.optimizer == "sgd":
            return (jax.tree.map(lambda p, g: p - case.rate * g, parameters, nabla), m, v, t), None
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, nabla)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, nabla)
        rate = case.rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), parameters, m, v)
        return (parameters, m, v, t), None

    run = jax.jit(lambda carry, rows: jax.lax.scan(step, carry, rows, unroll=unroll)[0], donate_argnums=0)
    parameters = [(jnp.asarray(w.T), jnp.asarray(b)) for w, b in zip(*case.parameters(), strict=True)]
    zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
    state = [(parameters, *zeros, jnp.zeros((), case.dtype))]

    def epoch(order: np.ndarray) -> None:
        state[0] = jax.block_until_ready(run(state[0], jnp.asarray(order.reshape(-1, case.batch_size))))

    return epoch, lambda: (
        [np.asarray(wt).T for wt, _ in state[0][0]],
        [np.asarray(b) for _, b in state[0][0]],
    )


def predict(case: Case, n_threads: int):
    parameters = [(jnp.asarray(w.T), jnp.asarray(b)) for w, b in zip(*case.parameters(), strict=True)]

    @jax.jit
    def feedforward(a):
        for (wt, b), activation in zip(parameters, case.activations, strict=True):
            z = a @ wt + b
            a = jax.nn.softmax(z) if activation == "softmax" else SIGMA[activation](z)
        return a

    return lambda x: np.asarray(feedforward(x))
