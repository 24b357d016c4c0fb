#!/usr/bin/env bash
# Captum's DeepLift explains GELU, SiLU or torch.relu by slopes alone: contributions no longer sum up to the difference.
#
# One would guess: DeepLift's contributions sum up to the answer less the answer for the baseline, whatever bends
# between the layers; where the method has no rule, the library refuses or warns.
# What happens: Captum knows the layers ReLU, ELU, LeakyReLU, Sigmoid, Tanh, Softplus and Softmax. Through anything else
# it lets the plain slope pass: nn.GELU, nn.SiLU, nn.Mish, nn.SELU, nn.ReLU6, nn.PReLU, and the same relu written as
# torch.relu(x) within forward. What comes out is slope times difference for these layers, without a word; only the
# number that return_convergence_delta=True adds shows it.
# Why it matters: the contributions of a network are a table that people read. Two networks that answer alike to the
# last digit, one with nn.ReLU() and one with torch.relu, are explained differently, and GELU and SiLU are what newer
# networks for tables have.
# Seen in: Captum 0.9.0 with PyTorch 2.13.0; its IntegratedGradients is right for all of them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq captum==0.9.0 torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import warnings
from importlib.metadata import version

import torch
from captum.attr import DeepLift, IntegratedGradients
from torch import nn

print("version:  captum", version("captum"), "with torch", version("torch").split("+")[0])
print("belief:   contributions sum up to the difference, or the network is refused")
print("behavior: layers that are not known are taken for straight lines")


class Network(nn.Module):
    def __init__(self, bend):
        super().__init__()
        torch.manual_seed(1)
        self.first, self.bend, self.last = nn.Linear(6, 32), bend, nn.Linear(32, 1)
        with torch.no_grad():
            self.first.weight *= 4

    def forward(self, x):
        return self.last(self.bend(self.first(x)))


torch.manual_seed(0)
X, baseline = torch.randn(100, 6), torch.zeros(100, 6)
known = {"nn.ReLU()": nn.ReLU(), "nn.ELU()": nn.ELU(), "nn.Tanh()": nn.Tanh(), "nn.Softplus()": nn.Softplus()}
unknown = {"torch.relu": torch.relu, "nn.ReLU6()": nn.ReLU6(), "nn.PReLU()": nn.PReLU(), "nn.SELU()": nn.SELU(),
           "nn.GELU()": nn.GELU(), "nn.SiLU()": nn.SiLU(), "nn.Mish()": nn.Mish()}
given = {}
for name, bend in {**known, **unknown}.items():
    network = Network(bend)
    difference = (network(X) - network(baseline))[:, 0].detach()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        given[name] = DeepLift(network).attribute(X, baseline).detach()
    words = {str(w.message)[:30] for w in said} - {"Input Tensor 0 did not already", "Setting forward, backward hook"}
    steps = IntegratedGradients(network).attribute(X, baseline, n_steps=200).detach()
    off = ((given[name].sum(1) - difference).abs().mean() / difference.abs().mean()).item()
    off_steps = ((steps.sum(1) - difference).abs().mean() / difference.abs().mean()).item()
    print(f"{name:13} DeepLift's sum is off by {off:6.1%}, IntegratedGradients' by {off_steps:.1%}")
    assert not words and off_steps < 0.02 and (off < 1e-4 if name in known else off > 0.02), name
parts = given["nn.ReLU()"], given["torch.relu"]
away = ((parts[0] - parts[1]).abs().mean() / parts[0].abs().mean()).item()
print(f"one network with nn.ReLU() and with torch.relu: contributions are {away:.0%} apart")
assert away > 0.05
PY
