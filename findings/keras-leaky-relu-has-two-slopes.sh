#!/usr/bin/env bash
# leaky_relu has two slopes in Keras: 0.3 as a layer, 0.2 as the name of an activation; in JAX and MLX it has 0.01.
#
# One would guess: Dense(8, activation="leaky_relu") is the short form of Dense(8) and LeakyReLU(), as relu, elu and all
# the others are, to the last digit.
# What happens: the layer's slope left of 0 is 0.3, that of the function behind the name 0.2. The weights of one form
# load into the other without a word, as neither has weights for the slope, and the answers are other ones. JAX's and
# MLX's functions of the same name have 0.01.
# Why it matters: a network is written anew in the shorter form, or rebuilt in another library from its weights; shapes
# fit, loading succeeds, and answers are off by as much as the network's own mistakes, or more.
# Seen in: Keras 3.15.1 on JAX 0.10.2, and MLX 0.32.4; ELU, SELU and ReLU agree in both forms.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 jax==0.10.2 "mlx[cpu]==0.32.4" numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import jax
import keras
import mlx.core as mx
import mlx.nn
import numpy as np

print("version: ", ", ".join(f"{name} {version(name)}" for name in ("keras", "jax", "mlx")))
print("belief:   the name of an activation and its layer are one function")
print("behavior: leaky_relu is two")
at = np.array([-1.0], dtype="float32")
slopes = {
    "Keras, LeakyReLU()": -float(keras.layers.LeakyReLU()(at)[0]),
    'Keras, "leaky_relu"': -float(keras.layers.Activation("leaky_relu")(at)[0]),
    "JAX, jax.nn.leaky_relu": -float(jax.nn.leaky_relu(at)[0]),
    "MLX, mlx.nn.leaky_relu": -mlx.nn.leaky_relu(mx.array(at)).item(),
}
for name, slope in slopes.items():
    print(f"{name}: slope {slope:.2f}")
assert np.allclose(list(slopes.values()), [0.3, 0.2, 0.01, 0.01])

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 5)).astype("float32")
y = (X[:, 0] * X[:, 1] + X[:, 2]).astype("float32")
for name, layer in (("relu", keras.layers.ReLU), ("elu", keras.layers.ELU), ("leaky_relu", keras.layers.LeakyReLU)):
    keras.utils.set_random_seed(0)
    long = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(32), layer(), keras.layers.Dense(1)])
    long.compile(keras.optimizers.Adam(0.02), "mse")
    long.fit(X, y, epochs=20, verbose=0)
    short = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(32, name), keras.layers.Dense(1)])
    short.set_weights(long.get_weights())
    short.compile(loss="mse")
    losses = [network.evaluate(X, y, verbose=0) for network in (long, short)]
    print(f"{name:10} squared error of the trained network {losses[0]:.3f}, of its short form {losses[1]:.3f}")
    assert losses[1] > 1.2 * losses[0] if name == "leaky_relu" else np.isclose(*losses, rtol=1e-3)
PY
