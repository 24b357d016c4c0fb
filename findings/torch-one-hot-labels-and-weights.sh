#!/usr/bin/env bash
# PyTorch's weighted cross-entropy divides by another number when the same labels come one-hot.
#
# One would guess: nn.CrossEntropyLoss takes classes as indices or as rows of probabilities, and a one-hot row is the
# index written out; so both give the same loss, with class weights as well.
# What happens: with indices the mean is weighted, it divides by the sum of the weights of the rows' classes. With
# probabilities it divides by the number of rows, though the weights are in the sum. Loss and gradient then differ by
# the mean weight of the rows: here almost four times, and without weights not at all.
# Why it matters: tables with rare classes are what class weights are for, and labels become one-hot as soon as somebody
# mixes rows or smooths by hand. The rate is then off by that factor, another one in each batch, and a comparison with a
# library that divides by the weights (backpropagation by hand among them) fails with every formula right.
# Seen in: torch 2.13.0, comparing weighted losses with peers. The formulas on its page say so, each by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import torch

z = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.5, 0.2]], dtype=torch.float64)
labels = torch.tensor([0, 1, 0])
one_hot = torch.nn.functional.one_hot(labels).double()
weights = torch.tensor([1.0, 9.0], dtype=torch.float64)


def loss_and_gradient(y, **options):
    at = z.clone().requires_grad_()
    loss = torch.nn.CrossEntropyLoss(**options)(at, y)
    loss.backward()
    return loss.item(), at.grad


print("version:  torch", torch.__version__.split("+")[0])
print("belief:   an index and its one-hot row give the same loss, with class weights too")
print("behavior: with class weights they differ by the mean weight of the rows")
for name, options in {"no weights": {}, "weights 1 and 9": {"weight": weights}}.items():
    (index, gradient), (row, gradient_of_rows) = (loss_and_gradient(y, **options) for y in (labels, one_hot))
    print(f"{name:16} index {index:.6f}, one-hot {row:.6f}: {row / index:.4f} times")
    mean_weight = options.get("weight", torch.ones(2, dtype=torch.float64))[labels].mean().item()
    assert abs(row / index - mean_weight) < 1e-12, (row / index, mean_weight)
    torch.testing.assert_close(gradient_of_rows, gradient * mean_weight)
PY
