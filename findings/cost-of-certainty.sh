#!/usr/bin/env bash
# What a mistake made with certainty costs depends on who adds it up, and PyTorch's cost and slope do not go together.
#
# One would guess: the cross-entropy of probability 0 for what then happens is infinite, or each library clips it at
# about the same place; and where a cost is clipped, its slope is 0.
# What happens: the same row costs 100 in torch (it clips the logarithm, not the probability), 36.04 in scikit-learn's
# log_loss, 15.94 there if the probabilities are float32, and 16.12 in Keras (it clips at 1e-7). torch's slope at that
# very place is -1e12 and not 0.
# Why it matters: one certain mistake among a hundred rows moves a mean log-loss by 1.00, 0.36 or 0.16, so that tables of
# log-losses rank models by the library, and by float32 or float64; and a training through torch's BCELoss on
# probabilities that have become 0 is thrown away by one step, while its cost looks moderate. Losses of z (logits) have
# neither.
# Seen in: torch 2.13.0, scikit-learn 1.9.1, keras 3.15.1 on jax 0.10.2, comparing costs of saturated networks.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq torch==2.13.0 scikit-learn==1.9.1 keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 \
  numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax KERAS_HOME="$work" "$work/python/bin/python" -W ignore - <<'PY'
import keras
import numpy as np
import sklearn
import torch
from sklearn.metrics import log_loss

p = torch.tensor([0.0], dtype=torch.float64, requires_grad=True)
of_torch = torch.nn.BCELoss()(p, torch.ones(1, dtype=torch.float64))
of_torch.backward()
costs = {
    "torch, BCELoss": of_torch.item(),
    "scikit-learn, log_loss of float64": log_loss([1], np.zeros(1), labels=[0, 1]),
    "scikit-learn, log_loss of float32": log_loss([1], np.zeros(1, "float32"), labels=[0, 1]),
    "Keras, BinaryCrossentropy": float(keras.losses.BinaryCrossentropy()(np.ones((1, 1)), np.zeros((1, 1)))),
}

print(f"version:  torch {torch.__version__.split('+')[0]}, scikit-learn {sklearn.__version__}, keras {keras.__version__}")
print("belief:   probability 0 of what happens costs the same everywhere, and the slope of a clipped cost is 0")
print("behavior: four costs, and a slope of -1e12 beside a clipped cost")
for name, cost in costs.items():
    print(f"{name:34} {cost:8.4f}")
print("slope of torch's at 0:", p.grad.item())

assert np.allclose(list(costs.values()), [100, 36.0437, 15.9424, 16.1181], atol=1e-3), costs
assert np.isclose(p.grad.item(), -1e12)
PY
