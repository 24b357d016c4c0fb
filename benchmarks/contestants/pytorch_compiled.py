"""PyTorch with a whole step compiled: gather, forward, backward and, as one of the settings, the optimizer."""

from __future__ import annotations

import numpy as np
import torch
from cases import Case

from contestants import Setting, Training
from contestants.pytorch import cost, data_of, model_of, optimizer_of, read


def settings(case: Case) -> list[Setting]:
    # compiling takes half a minute; tried once, the fused optimizer was the faster one for long steps only
    return [{"optimizer": "compiled" if case.flops_per_step < 1e9 else "fused"}]


def train(case: Case, n_threads: int, optimizer: str) -> Training:
    torch.set_num_threads(n_threads)
    torch._dynamo.reset()
    x, y = data_of(case)
    model, linear = model_of(case)
    update = optimizer_of(case, model, **({"fused": True} if optimizer == "fused" else {}))
    if optimizer == "compiled":
        for group in update.param_groups:
            group["lr"] = torch.tensor(case.rate)  # a number would be compiled into the step

    @torch.compile
    def step(rows: torch.Tensor) -> None:
        cost(case, model, x[rows], y[rows]).backward()
        update.step()
        update.zero_grad(set_to_none=True)

    def epoch(order: np.ndarray) -> None:
        for rows in torch.from_numpy(order).split(case.batch_size):
            step(rows)

    return epoch, lambda: read(linear)
