"""The network as code: for backlit, scikit-learn and PyTorch. Every number is written exactly."""

from __future__ import annotations

import numpy as np

from backlit.core.activations import ACTIVATIONS
from backlit.core.network import Network
from backlit.core.parametric import alphas_of, plain_name
from backlit.errors import InvalidInputError
from backlit.lab.limits import within
from backlit.lab.state.state import LabState

MOST_NUMBERS = 20_000
"""Weights and biases that a program is written with; larger networks are for a model file."""

_SKLEARN = {"identity": "identity", "sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}
# torch.nn.functional calls the others as we do
_TORCH = {
    "identity": "nn.Identity()",
    "exp": "Sigma(torch.exp)",
    "softmax": "nn.Softmax(dim=-1)",
    "softplus": "nn.Softplus(threshold=1e6)",
}


def in_backlit(state: LabState) -> str:
    """Return a program that explains the example in view with backlit."""
    network = _small(state.network)
    x, y = _example(state)
    with_y = "" if y is None else f"\ny = np.array({y})"
    asked = "x" if y is None else "x, y"
    names, alphas = tuple(map(plain_name, network.activations)), alphas_of(network)
    activations, imports = repr(names), ""
    if alphas:
        activations = f"with_alphas({names!r}, [\n{_arrays(alphas, '        ')}\n    ])"
        imports = "from backlit.core.parametric import with_alphas\n"
    return f'''"""The network of the lab, and the step in view."""

import numpy as np

import backlit as bl
{imports}
network = bl.Network(
    weights=(
{_arrays(network.weights, "        ")}
    ),
    biases=(
{_arrays(network.biases, "        ")}
    ),
    activations={activations},
)
x = np.array({x}){with_y}
print(bl.explain(network, {asked}, loss={state.history.loss!r}, learning_rate={state.training.learning_rate!r}))
'''


def in_scikit_learn(state: LabState) -> str:
    """Return a program that predicts with scikit-learn's network."""
    network = _small(state.network)
    hidden, output = network.activations[:-1], network.activations[-1]
    if len(set(hidden)) > 1 or not set(hidden) <= _SKLEARN.keys():
        raise InvalidInputError(
            f"scikit-learn has one activation for all hidden layers, one of {', '.join(_SKLEARN)}, but here are "
            f"{', '.join(hidden)}. Take the code for PyTorch or backlit."
        )
    if output not in ("identity", "sigmoid", "softmax"):
        raise InvalidInputError(
            f"scikit-learn has no output of {output}, but identity, sigmoid or softmax. Take the code for PyTorch."
        )
    first = _SKLEARN[(hidden or ("identity",))[0]]
    told = {"identity": "identity", "sigmoid": "logistic", "softmax": "softmax"}[output]
    x, _ = _example(state)
    return f'''"""The network of the lab in scikit-learn. Its classes need a fit, so its parts are set by hand."""

import numpy as np
from sklearn.neural_network import MLPRegressor

network = MLPRegressor(hidden_layer_sizes={network.sizes[1:-1]!r}, activation={first!r})
network.coefs_ = [  # transposed: (n_in, n_out)
{_arrays(tuple(np.asarray(w).T for w in network.weights), "    ")}
]
network.intercepts_ = [
{_arrays(network.biases, "    ")}
]
network.n_layers_, network.n_outputs_, network.out_activation_ = {len(network.sizes)}, {network.sizes[-1]}, {told!r}
network.n_features_in_ = {network.sizes[0]}
x = np.array({x})
print(network.predict(x))  # a^L, of every output
'''


def in_pytorch(state: LabState) -> str:
    """Return a program that feeds the example in view forward with PyTorch."""
    network = _small(state.network)
    lines = []
    for i, name in enumerate(network.activations):
        n_in, n_out = network.sizes[i], network.sizes[i + 1]
        if name not in ACTIVATIONS:
            raise InvalidInputError(f"PyTorch has no activation {name!r}. Take the code for backlit.")
        lines += [f"    nn.Linear({n_in}, {n_out}),", f"    {_TORCH.get(name, f'Sigma(functional.{name})')},"]
    x, _ = _example(state)
    body = "\n".join(lines)
    return f'''"""The network of the lab in PyTorch."""

import torch
from torch import nn
from torch.nn import functional

torch.set_default_dtype(torch.float64)


class Sigma(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, z):
        return self.function(z)


network = nn.Sequential(
{body}
)
weights = [
{_arrays(network.weights, "    ", "torch.tensor")}
]
biases = [
{_arrays(network.biases, "    ", "torch.tensor")}
]
layers = [part for part in network if isinstance(part, nn.Linear)]
with torch.no_grad():
    for layer, w, b in zip(layers, weights, biases, strict=True):
        layer.weight.copy_(w)
        layer.bias.copy_(b)
x = torch.tensor({x})
print(network(x))  # a^L
'''


def _small(network: Network) -> Network:
    within("numbers in a program", network.n_parameters, MOST_NUMBERS, "Take the model file.")
    if not all(np.isfinite(each).all() for each in (*network.weights, *network.biases)):
        raise InvalidInputError("A weight or bias is not finite. Go back in time, or reset, first.")
    return network


def _arrays(arrays: tuple[object, ...], indent: str, make: str = "np.array") -> str:
    return "\n".join(f"{indent}{make}({np.asarray(array).tolist()!r})," for array in arrays)


def _example(state: LabState) -> tuple[str, str | None]:
    row = state.rows[state.example]
    y = None if state.data.y is None else repr([state.data.y[row].tolist()])
    return repr([state.data.x[row].tolist()]), y
