"""PyTorch, an operation at a time."""

from __future__ import annotations

import numpy as np
import torch
from cases import Case

from contestants import Setting, Training

SIGMA = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "softmax": lambda: torch.nn.Softmax(dim=1)}


def settings(case: Case) -> list[Setting]:
    return [{"optimizer": "fused"}, {"optimizer": "foreach"}]


def model_of(case: Case) -> tuple[torch.nn.Sequential, list[torch.nn.Linear]]:
    """Return the network up to z^L where the loss takes z^L, and its layers of weights."""
    layers: list[torch.nn.Module] = []
    linear = []
    for w, b, activation in zip(*case.parameters(), case.activations, strict=True):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data, layer.bias.data = torch.from_numpy(w.copy()), torch.from_numpy(b.copy())
        linear.append(layer)
        layers += [layer] if activation == "identity" else [layer, SIGMA[activation]()]
    return torch.nn.Sequential(*layers[:-1] if case.loss == "cross_entropy" else layers), linear


def optimizer_of(case: Case, model: torch.nn.Module, **options: object) -> torch.optim.Optimizer:
    if case.optimizer != "sgd":
        return torch.optim.Adam(model.parameters(), lr=case.rate, **options)
    return torch.optim.SGD(model.parameters(), lr=case.rate, **options)


def read(linear: list[torch.nn.Linear]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return (
        [layer.weight.detach().numpy().copy() for layer in linear],
        [layer.bias.detach().numpy().copy() for layer in linear],
    )


def cost(case: Case, model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if case.loss == "cross_entropy":
        return torch.nn.functional.cross_entropy(model(x), y)
    return 0.5 * ((model(x) - y) ** 2).sum(dim=1).mean()


def data_of(case: Case) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = (torch.from_numpy(array) for array in case.data())
    return x, y.argmax(dim=1) if case.loss == "cross_entropy" else y


def train(case: Case, n_threads: int, optimizer: str) -> Training:
    torch.set_num_threads(n_threads)
    x, y = data_of(case)
    model, linear = model_of(case)
    update = optimizer_of(case, model, **{optimizer: True})

    def epoch(order: np.ndarray) -> None:
        for rows in torch.from_numpy(order).split(case.batch_size):
            update.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=case.precision == "bfloat16"):
                loss = cost(case, model, x[rows], y[rows])
            loss.backward()
            update.step()

    return epoch, lambda: read(linear)


def predict(case: Case, n_threads: int):
    torch.set_num_threads(n_threads)
    model, _ = model_of(case)
    if case.loss == "cross_entropy":
        model.append(torch.nn.Softmax(dim=1))

    @torch.inference_mode()
    def feedforward(x: np.ndarray) -> np.ndarray:
        return model(torch.from_numpy(x)).numpy()

    return feedforward
