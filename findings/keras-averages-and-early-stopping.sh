#!/usr/bin/env bash
# Keras averages the weights with use_ema=True, reports val_loss of others, and gives the average up for early stopping.
#
# One would guess: with use_ema=True the average of the weights is the network: val_loss in each epoch is the average's,
# and the last one is what evaluate says after fit.
# What happens: until the end of fit every val_loss is that of the weights that the last step left; then the average
# takes their place, and no number that was shown belongs to it. With EarlyStopping(restore_best_weights=True) the best
# epoch's weights, not averaged, are put back after that: the network is the same as without the average, and evaluate
# agrees with val_loss, so all seems well.
# Why it matters: an average is used because it is better than the last step; with a callback that most people have, it
# is computed in each step and thrown away. Without the callback one picks settings by a val_loss of other weights.
# Seen in: Keras 3.15.1 on JAX. The callback SwapEMAWeights is there to evaluate the average while training.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import keras
import numpy as np

print("version:  keras", version("keras"))
print("belief:   use_ema=True ends with averaged weights, whose val_loss one sees")
print("behavior: val_loss is of other weights, and early stopping puts those back")
rng = np.random.default_rng(0)
X = rng.normal(size=(500, 5)).astype("float32")
y = (X @ [1, 2, -1, 0, 0.5] + np.sin(3 * X[:, 0]) + rng.normal(size=500)).astype("float32")


def trained(average, stop):
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(1)])
    network.compile(keras.optimizers.Adam(0.02, use_ema=average, ema_momentum=0.99), "mse")
    callbacks = [keras.callbacks.EarlyStopping(patience=100, restore_best_weights=True)] if stop else []
    data = dict(validation_data=(X[300:], y[300:]), batch_size=10, epochs=20, verbose=0, callbacks=callbacks)
    shown = network.fit(X[:300], y[:300], **data).history["val_loss"]
    after = network.evaluate(X[300:], y[300:], verbose=0)
    print(f"use_ema={average!s:5} {'early stopping' if stop else 'all 20 epochs ':14} "
          f"last val_loss {shown[-1]:.4f}, best {min(shown):.4f}, evaluate after fit {after:.4f}")
    return shown, after, network.get_weights()


seen = {(average, stop): trained(average, stop) for average in (False, True) for stop in (False, True)}
shown, after, weights = seen[True, False]
assert abs(after - shown[-1]) > 0.01 and np.allclose(shown, seen[False, False][0], rtol=1e-3)
assert not np.allclose(weights[0], seen[False, False][2][0], atol=1e-3)
shown, after, weights = seen[True, True]
assert abs(after - min(shown)) < 1e-4
assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(weights, seen[False, True][2]))
PY
