#!/usr/bin/env bash
# RAdam, which is to spare one the warmup, takes five steps of the size of the slopes first: of 10 at a rate of 0.01.
#
# One would guess: RAdam is Adam with smaller steps at the beginning, where Adam's are not to be trusted; a step is never
# much larger than the rate, whatever the slopes, and one RAdam starts like another.
# What happens: until there are enough squares for its factor, which is after five steps with the usual 0.999, the rule
# of the paper leaves the division by the root out. What is left is the mean slope times the rate. PyTorch and optax do
# so: where the loss's slopes are in the thousands the steps are, too, until the sixth is of 0.03 rates. The RAdam of
# pytorch_optimizer stands still for five steps instead, unless degenerated_to_sgd=True, and then goes as the others do.
# Why it matters: targets that are not scaled, prices or visitors, are what Adam gets along with. RAdam of PyTorch throws
# the weights so far that half of the hidden units are 0 for every row, for ever; the loss falls afterwards and ends high.
# Seen in: PyTorch 2.13.0 and optax 0.2.8, against pytorch_optimizer 4.1.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq pytorch_optimizer==4.1.0 optax==0.2.8 jax==0.10.2 torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import jax.numpy as jnp
import numpy as np
import optax
import pytorch_optimizer
import torch
from torch import nn

torch.set_num_threads(1)
names = "torch", "optax", "pytorch_optimizer"
print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in names))
print("belief:   RAdam begins with smaller steps than Adam")
print("behavior: it begins with steps as large as the slopes, or with none")
rate = 0.01


def steps_of_torch(make):
    weight = torch.zeros(1, requires_grad=True)
    optimizer = make([weight])
    way = [0.0]
    for _ in range(7):
        weight.grad = torch.tensor([1000.0])
        optimizer.step()
        way.append(weight.item())
    return np.diff(way)


def steps_of_optax(optimizer):
    state = optimizer.init(jnp.zeros(1))
    steps = []
    for _ in range(7):
        step, state = optimizer.update(jnp.array([1000.0]), state)
        steps.append(float(step[0]))
    return np.array(steps)


makers = {
    "Adam of torch": lambda weights: torch.optim.Adam(weights, lr=rate),
    "RAdam of torch": lambda weights: torch.optim.RAdam(weights, lr=rate),
    "RAdam of pytorch_optimizer": lambda weights: pytorch_optimizer.RAdam(weights, lr=rate),
}
print(f"seven steps at a rate of {rate}, all slopes 1000:")
steps = {name: steps_of_torch(make) for name, make in makers.items()}
steps["radam of optax"] = steps_of_optax(optax.radam(rate))
for name, seen in steps.items():
    print(f"  {name:26} {np.round(seen, 4).tolist()}")
adam, radam, still, other = steps.values()
assert np.allclose(adam, -rate, rtol=1e-3) and np.allclose(radam[:5], -1000 * rate, rtol=1e-3)
assert np.allclose(radam, other, atol=1e-3) and np.all(still[:5] == 0)
assert np.all(np.abs(radam[5:]) < rate / 10) and np.allclose(radam[5:], still[5:], atol=1e-4)

torch.manual_seed(0)
X = torch.randn(1000, 8)
y = 300 + 100 * (X[:, :1] * X[:, 1:2] + X[:, 2:3].abs() - X[:, 3:4])
print("medians of five starts, 1000 steps, targets around 300:")
ends = {}
for name, make in makers.items():
    found = []
    for seed in range(5):
        torch.manual_seed(seed)
        network = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1))
        optimizer = make(network.parameters())
        largest = 0.0
        for _ in range(1000):
            before = [p.detach().clone() for p in network.parameters()]
            optimizer.zero_grad()
            loss = ((network(X) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            largest = max(largest, *((p - b).abs().max().item() for p, b in zip(network.parameters(), before)))
        idle = (network[:2](X) == 0).all(0).float().mean().item()
        found.append((largest, idle, 1 - loss.item() / y.var().item()))
    ends[name] = largest, idle, score = np.median(found, axis=0)
    print(f"{name:26}: largest step {largest:5.2f}, {idle:3.0%} of hidden units are 0 for all rows, R2 {score:.2f}")
assert ends["RAdam of torch"][0] > 10 and ends["RAdam of torch"][1] > 0.3
assert all(ends[name][0] < 0.1 and ends[name][1] < 0.1 for name in makers if name != "RAdam of torch")
assert ends["RAdam of torch"][2] < ends["RAdam of pytorch_optimizer"][2] - 0.1
PY
