"""How healthy a layer is, in a few numbers: its error, its saturated and dead neurons, its weights.

`backlit.training.recording` records them after some epochs, and `backlit.explanation.diagnosis` judges them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.backpropagation import errors
from backlit.core.losses import cost_of_each
from backlit.core.namespace import Array
from backlit.core.network import Network, feedforward
from backlit.core.parametric import plain_name
from backlit.core.sample import Sample
from backlit.documents.field import Field, Kind
from backlit.documents.strict_json import AS_NULL, plain
from backlit.errors import InvalidInputError

FLAT = 0.01
"""A neuron is saturated for an example where |σ′(z)| is less than this share of `full_slope`."""

_KIND = Kind(InvalidInputError, "Recorded figures must be as Recorder wrote them, of this very network.", AS_NULL)
_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class LayerHealth:
    """How one layer fares on a sample of examples. What is not finite is kept as it is.

    Attributes
    ----------
    layer : int
        l, from 2 to L.
    activation : str
    delta : float
        Root of the mean over the examples of ‖δ^l‖².
    saturated : float
        Share of the sample's z^l_j, over examples and neurons, at which σ is flat: |σ′(z)| less than a hundredth of the
        largest |σ′| for −1 ≤ z ≤ 1. For the ReLU these are the neurons that are off, half of them in a fresh network.
    dead : float
        Share of the neurons that are flat for every example: nothing in the sample can teach them.
    weight : float
        ‖w^l‖, root of the sum of squares.
    moved : float or None
        ``‖w^l − w^l_before‖ / ‖w^l_before‖`` since the last look, divided by the epochs since then; None in the first.
    """

    layer: int
    activation: str
    delta: float
    saturated: float
    dead: float
    weight: float
    moved: float | None = None


@dataclass(frozen=True)
class NetworkHealth:
    """How the layers fare after an epoch; epoch 0 is before training.

    Attributes
    ----------
    epoch : int
    cost : float
        C of the sample, without penalties.
    constant_cost, input_size : float
        Of the sample itself; see `backlit.core.sample.Sample`.
    layers : tuple of LayerHealth
        Layers 2 to L.
    """

    epoch: int
    cost: float
    constant_cost: float
    input_size: float
    layers: tuple[LayerHealth, ...]

    @property
    def skill(self) -> float:
        """``1 − C / C of the best constant``: 0 for nothing learned, 1 for no error; R² for the quadratic cost.

        NaN where the best constant makes no error.
        """
        return 1.0 - self.cost / self.constant_cost if self.constant_cost > 0 else math.nan

    @property
    def nonfinite_layer(self) -> int | None:
        """The first layer with a figure that is not finite, or None."""
        for layer in self.layers:
            if not all(math.isfinite(value) for value in (layer.delta, layer.weight, layer.moved or 0.0)):
                return layer.layer
        return None if math.isfinite(self.cost) else len(self.layers) + 1

    def to_dict(self) -> dict[str, Any]:
        """Return the figures in JSON's types; what is not finite becomes None."""
        document: dict[str, Any] = plain(self, AS_NULL)
        for layer in document["layers"]:
            layer["activation"] = str(layer["activation"])
        return document

    @classmethod
    def from_dict(cls, document: object, activations: Sequence[str], where: str = "figures") -> NetworkHealth:
        """Build it from what `to_dict` gave; None stands for a number that was not finite.

        Parameters
        ----------
        document : object
            Not trusted.
        activations : sequence of str
            Those of the network that was looked at, layers 2 to L. One of the user's own is more than its name.
        where : str, default "figures"
            What errors call the document.
        """
        fields = Field(document, where, _KIND).fields_of(cls)
        layers = fields["layers"].parts(len(activations))
        return cls(
            fields["epoch"].whole(),
            fields["cost"].number(),
            fields["constant_cost"].number(),
            fields["input_size"].number(),
            tuple(_read_layer(layer, activation) for layer, activation in zip(layers, activations, strict=True)),
        )


def _read_layer(layer: Field, activation: str) -> LayerHealth:
    fields = layer.fields_of(LayerHealth)
    fields["activation"].one_of(str(activation))  # one of the user's own equals nothing but itself
    moved = fields["moved"]
    return LayerHealth(
        fields["layer"].whole(),
        activation,
        fields["delta"].number(),
        fields["saturated"].number(),
        fields["dead"].number(),
        fields["weight"].number(),
        None if moved.is_null else moved.number(),
    )


def full_slope(name: str) -> float:
    """Return the largest |σ′(z)| for −1 ≤ z ≤ 1, where the weighted inputs of a fresh network mostly lie.

    Of a parametric activation it is that of σ itself, as it begins.
    """
    derivative = get_activation(plain_name(name)).derivative
    # a (1 − a), the diagonal of softmax's Jacobian
    return 0.25 if derivative is None else _largest_near_zero(derivative)


@cache
def _largest_near_zero(derivative: Callable[[Array], Array]) -> float:
    return float(np.max(np.abs(derivative(np.linspace(-1.0, 1.0, 401)))))


def relative_slope(name: str, z: Array, a: Array) -> Array:
    """Return |σ′(z)| as a share of `full_slope`; where σ couples neurons, of a neuron's own derivative a (1 − a).

    Parameters
    ----------
    z, a : ndarray, ``(n_examples, n_l)``

    Returns
    -------
    ndarray, ``(n_examples, n_l)``
    """
    derivative = get_activation(name).derivative
    slope = a * (1.0 - a) if derivative is None else derivative(z)
    return np.abs(slope) / full_slope(name)


def measure(
    network: Network,
    sample: Sample,
    *,
    epoch: int = 0,
    before: Network | None = None,
    n_epochs: int = 1,
) -> NetworkHealth:
    """Return how healthy the layers of a network are, on a sample. Only z, a and δ are computed.

    Parameters
    ----------
    network : Network
        Of NumPy arrays.
    sample : Sample
    epoch : int, default 0
    before : Network, optional
        At the last look, for `LayerHealth.moved`.
    n_epochs : int, default 1
        Epochs since then.
    """
    x, y, loss, activations = sample.x, sample.y, sample.loss, network.activations
    with np.errstate(all="ignore"):  # what is not finite is a finding, not a warning
        z, a = feedforward(network, x)
        delta = errors(network, z, a, y, loss)
        cost = float(np.mean(cost_of_each(loss, activations[-1], z[-1], a[-1], y)))
        moved = [None] * len(z) if before is None else _moves(network.weights, before.weights, n_epochs)
        layers = []
        for i, name in enumerate(activations):
            flat = relative_slope(name, z[i], a[i + 1]) < FLAT
            layers.append(
                LayerHealth(
                    layer=i + 2,
                    activation=name,
                    delta=_norm(delta[i]) / math.sqrt(len(x)),
                    saturated=float(np.mean(flat)),
                    dead=float(np.mean(flat.all(axis=0))),
                    weight=_norm(network.weights[i]),
                    moved=moved[i],
                )
            )
    return NetworkHealth(epoch, cost, sample.constant_cost, sample.input_size, tuple(layers))


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array))


def _moves(weights: Sequence[Array], before: Sequence[Array], n_epochs: int) -> list[float | None]:
    pairs = zip(weights, before, strict=True)
    return [_norm(w - w_before) / max(_norm(w_before), _TINY) / n_epochs for w, w_before in pairs]
