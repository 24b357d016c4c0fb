#!/usr/bin/env bash
# At a kink, JAX's functions take the slope from the left, from the right or from the middle, each as it likes.
#
# One would guess: jax.nn.relu has slope 0 at 0, its page says so with a reference. Then its relatives take the slope
# from the left as well; and relu written by hand is relu.
# What happens: relu and elu take the left slope at 0, leaky_relu and abs the right one, and max(x, 0) written by hand
# gives the middle, 0.5. Each is a legitimate choice; there is no common one.
# Why it matters: z is exactly 0 more often than one thinks: biases start at 0, and a row of zeros (a blank image, a row
# without any known category) then makes z = 0 in all of the first layer. There a gradient check against another library
# or one's own formula fails, with every formula right.
# Seen in: jax 0.10.2, comparing derivatives of activations between peers. Single cases have been reported (jax issues
# 37820 and 37821).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import jax
import jax.numpy as jnp

functions = {
    "relu": jax.nn.relu,
    "elu with alpha 2": lambda x: jax.nn.elu(x, 2.0),
    "leaky_relu": jax.nn.leaky_relu,
    "abs": jnp.abs,
    "maximum(x, 0)": lambda x: jnp.maximum(x, 0.0),
    "clip(x, min=0)": lambda x: jnp.clip(x, min=0.0),
}

print("version:  jax", jax.__version__)
print("belief:   all take the slope at 0 from the same side")
print("behavior: left, right and middle all occur")
sides = {}
for name, function in functions.items():
    left, at, right = (round(float(jax.grad(function)(x)), 3) for x in (-1e-6, 0.0, 1e-6))
    sides[name] = {left: "left", right: "right", round((left + right) / 2, 3): "middle"}[at]
    print(f"{name:17} left {left:6}, at 0 {at:4}, right {right:4}: {sides[name]}")

assert sides == {
    "relu": "left",
    "elu with alpha 2": "left",
    "leaky_relu": "right",
    "abs": "right",
    "maximum(x, 0)": "middle",
    "clip(x, min=0)": "middle",
}
PY
