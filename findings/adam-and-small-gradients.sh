#!/usr/bin/env bash
# Adam with the same rate, the same betas and the same epsilon is not the same Adam.
#
# One would guess: adam with learning rate 0.1 and epsilon 1e-8 takes the same first step from the same gradient in every
# library: one learning rate, less where the gradient is about as small as epsilon.
# What happens: optax (and torch) add epsilon to the corrected root of the mean square, scikit-learn (and Keras, whose page
# says so) to the root before its correction. In the first step that counts as an epsilon 32 times larger: for a gradient
# of 1e-8 one moves by half a learning rate, the other by a thirtieth. The difference fades over some thousand steps.
# Why it matters: gradients are that small where a column has a tiny unit or a sigmoid is saturated. Two libraries "with
# equal settings" then train differently from the first step, and no setting is to blame. Multiplying scikit-learn's
# epsilon by sqrt(1 - beta_2) mends the first step only.
# Seen in: scikit-learn 1.9.1 and optax 0.2.8, comparing one training step by step.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq scikit-learn==1.9.1 optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import jax
import numpy as np
import optax
import sklearn
from sklearn.neural_network import MLPRegressor

jax.config.update("jax_enable_x64", True)
RATE = 0.1


def network(rate, x, y):
    model = MLPRegressor(
        hidden_layer_sizes=(1,), activation="identity", alpha=0.0, learning_rate_init=rate, epsilon=1e-8,
        max_iter=1, batch_size=1, random_state=0,
    )
    return model.fit([[x]], [y])


def steps(x):
    """The first step of the first weight, in learning rates, where that weight's gradient is x."""
    start = network(1e-300, x, 0.0)  # a rate of nothing: the weights as they were drawn
    w_in, w_out = start.coefs_[0][0, 0], start.coefs_[1][0, 0]
    output = (x * w_in + start.intercepts_[0][0]) * w_out + start.intercepts_[1][0]
    target = output - 1.0 / w_out  # so that (output - target) * w_out * x is x
    theirs = network(RATE, x, target).coefs_[0][0, 0] - w_in
    adam = optax.adam(RATE, eps=1e-8)
    weight = np.array(w_in)
    update, _ = adam.update(np.array(x), adam.init(weight))
    return round(-theirs / RATE, 3), round(-float(update) / RATE, 3)


print("version:  scikit-learn", sklearn.__version__, "and optax", optax.__version__)
print("belief:   equal settings, equal first step")
print("behavior: equal for large gradients, sixteen times apart for small ones")
found = {gradient: steps(gradient) for gradient in (1.0, 1e-4, 1e-6, 1e-8)}
for gradient, (one, other) in found.items():
    print(f"gradient {gradient:7.0e}: scikit-learn moves {one:5.3f} learning rates, optax {other:5.3f}")

assert found == {1.0: (1.0, 1.0), 1e-4: (0.997, 1.0), 1e-6: (0.76, 0.99), 1e-8: (0.031, 0.5)}
PY
