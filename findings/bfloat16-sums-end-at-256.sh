#!/usr/bin/env bash
# The mean of bfloat16 numbers in NumPy: 1,000 ones sum up to 256.
#
# One would guess: NumPy with ml_dtypes' bfloat16 (what JAX, safetensors and ONNX hand over) adds as it does with its own
# float16, whose mean is taken in float32 and whose sum is right by pairs: or as PyTorch and JAX, which add in float32.
# What happens: sum, mean and std add one number after another in bfloat16. 256 + 1 is 256 there, so the sum of any number
# of ones ends at 256, and the mean of 10,000 numbers around 5 is 0.2. A matrix product of the same numbers is right.
# Why it matters: whoever looks at a checkpoint's weights, or standardizes rows that came as bfloat16, gets means and
# deviations that are wrong by factors, without a warning.
# Seen in: ml_dtypes 0.6.0 with NumPy 2.4.6, looking at the health of weights from a bfloat16 file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq numpy==2.4.6 ml_dtypes==0.6.0 jax==0.10.2
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import jax.numpy as jnp
import ml_dtypes
import numpy as np

ones = np.ones(1000, ml_dtypes.bfloat16)
rows = np.random.default_rng(0).normal(5, 1, 10_000).astype(ml_dtypes.bfloat16)
print("version:  ml_dtypes", ml_dtypes.__version__, "with numpy", np.__version__)
print("belief:   a mean is taken in more digits than its numbers have, as with float16")
print("behavior: it is taken in bfloat16, one after the other")
print("sum of 1,000 ones:", ones.sum(), "; as float16:", np.ones(1000, np.float16).sum(), "; by @:", ones @ ones)
print("mean of 10,000 numbers around 5:", rows.mean(), "; as float32:", rows.astype(np.float32).mean(),
      "; by JAX:", jnp.asarray(rows).mean())
print("their deviation of 1:", rows.std())
assert float(ones.sum()) == 256
assert float(ones @ ones) == 1000
assert float(np.ones(1000, np.float16).sum()) == 1000
assert float(rows.mean()) < 0.5
assert abs(float(jnp.asarray(rows).mean()) - 5) < 0.05
PY
