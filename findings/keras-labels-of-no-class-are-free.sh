#!/usr/bin/env bash
# Labels 1 to 3 for three classes: optax answers NaN, and Keras counts the third class as no mistake.
#
# One would guess: a label outside of 0 to n - 1 is an error, or at least NaN.
# What happens: Keras on JAX makes a row of zeros of such a label, and its cross-entropy is 0: the rows of the last
# class cost nothing and teach nothing. Training runs, the loss falls, and the network never says 3. A label of -1, of
# the pair -1 and 1, is free in Keras too; optax and MLX count it from the end and train the last class in its place, so
# that with two outputs -1 and 1 become the same class.
# Why it matters: many tables number their classes from 1, and those of support vectors have -1 and 1. The loss is lower
# than it should be, so the wrong labels look like the better network.
# Seen in: Keras 3.15.1 on JAX 0.10.2, optax 0.2.8 and MLX 0.32.4.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 jax==0.10.2 optax==0.2.8 "mlx[cpu]==0.32.4" numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import jax.numpy as jnp
import keras
import mlx.core as mx
import mlx.nn.losses
import numpy as np
import optax

names = "keras", "jax", "optax", "mlx"
print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in names))
print("belief:   a label that no class has is refused")
print("behavior: it costs nothing, or stands for the last class")
logits = np.log([[0.7, 0.2, 0.1]]).astype("float32")
losses = {
    "optax": lambda label: optax.softmax_cross_entropy_with_integer_labels(jnp.array(logits), jnp.array(label))[0],
    "mlx": lambda label: mlx.nn.losses.cross_entropy(mx.array(logits), mx.array(label))[0],
    "keras": lambda label: keras.losses.SparseCategoricalCrossentropy(from_logits=True)(label, logits),
}
seen = {}
for name, loss in losses.items():
    for label in (2, -1, 3):
        if (name, label) == ("mlx", 3):
            continue  # MLX does not say what it does with indices that are too large
        seen[name, label] = float(loss(np.array([label])).item())
        print(f"chances 0.7, 0.2, 0.1, label {label:2}: {name:5} {seen[name, label]}")
last = -np.log(0.1)
assert np.isnan(seen["optax", 3])
assert all(np.isclose(seen[key], last) for key in (("optax", -1), ("mlx", -1), ("keras", 2)))
assert seen["keras", -1] == seen["keras", 3] == 0

rng = np.random.default_rng(0)
labels = rng.integers(0, 3, 900)
X = (np.eye(3)[labels] * 3 + rng.normal(size=(900, 3))).astype("float32")
for first in (0, 1):
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.layers.Dense(16, "relu"), keras.layers.Dense(3)])
    network.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    loss = network.fit(X, labels + first, epochs=10, verbose=0).history["loss"][-1]
    said = np.asarray(network(X)).argmax(1) - first
    shares = [float(np.mean(said[labels == c] == c)) for c in range(3)]
    print(f"Keras, labels from {first} to {first + 2}: loss {loss:.3f}, right in each class {np.round(shares, 2)}")
    assert min(shares[:2]) > 0.8 and (shares[2] == 0 if first else shares[2] > 0.8)
PY
