#!/usr/bin/env bash
# The slope of MLX's ELU is not a number once z is large, though the value is right.
#
# One would guess: above 0, ELU is the identity: elu(100) = 100, and its slope is 1. SELU and CELU are its relatives.
# What happens: the values are right. The slope is NaN from where exp(z) leaves float32, z = 88.73, on: both branches
# are computed, and the one that is not taken has a slope of infinity, which is multiplied by 0. SELU is
# made of ELU and shares it; CELU, relu and silu have their slope.
# Why it matters: z of a hundred is what one gets from a table whose columns were not standardized (years, prices,
# pixels up to 255). The forward pass looks sound, the loss is a number, and after one step all weights are NaN.
# Seen in: mlx 0.32.4 on Linux, comparing derivatives of activations between peers; JAX and PyTorch say 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq "mlx[cpu]==0.32.4"
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import math
from importlib.metadata import version

import mlx.core as mx
import mlx.nn as nn

print("version:  mlx", version("mlx"))
print("belief:   above 0 the slope of ELU is 1")
print("behavior: it is NaN where exp(z) is infinite, and the value is right")
for f, slope in ((nn.elu, math.nan), (nn.selu, math.nan), (nn.celu, 1.0), (nn.relu, 1.0), (nn.silu, 1.0)):
    value, at_88, at_100 = f(mx.array(100.0)).item(), mx.grad(f)(mx.array(88.0)).item(), mx.grad(f)(mx.array(100.0)).item()
    print(f"{f.__name__:5} value at 100: {value:6.2f}, slope at 88: {at_88:.2f}, slope at 100: {at_100}")
    assert math.isfinite(value) and math.isfinite(at_88) and value >= 100
    assert math.isnan(at_100) if math.isnan(slope) else at_100 == slope, at_100
PY
