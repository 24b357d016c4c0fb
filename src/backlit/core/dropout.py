"""Dropout: in training, neurons are left out at random, others in each step (Srivastava et al. 2014).

The activation of a neuron that stays is multiplied by ``1/(1 − rate)``, so that its mean does not change and nothing
has to be done at prediction. Which neurons stay is a function of the seed and of the neuron's place: step, row of the
batch, layer, number. Both engines therefore draw the same masks, and results depend neither on threads nor on how an
epoch is cut into batches. The numbers are those of Philox4x32-10, a generator without state (Salmon et al. 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.core.definitions import Activation
from backlit.core.namespace import Array
from backlit.core.network import Network
from backlit.errors import InvalidInputError

Words = NDArray[np.uint32]


@dataclass(frozen=True)
class Dropout:
    """Which share of the neurons is left out in each step.

    Attributes
    ----------
    rate : float or sequence of float, default 0.5
        Of all hidden layers, or one number each, in [0, 1).
    input : float, default 0
        Of the inputs.
    """

    rate: float | tuple[float, ...] = 0.5
    input: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.rate, list | tuple):
            object.__setattr__(self, "rate", tuple(_checked("rate", rate) for rate in self.rate))
        else:
            object.__setattr__(self, "rate", _checked("rate", self.rate))
        object.__setattr__(self, "input", _checked("input", self.input))

    def rates(self, n_layers: int) -> tuple[float, ...]:
        """Return the rate of each layer but the output, ``(n_layers − 1,)``; n_layers is L."""
        n_hidden = n_layers - 2
        hidden = self.rate if isinstance(self.rate, tuple) else (self.rate,) * n_hidden
        if len(hidden) != n_hidden:
            raise InvalidInputError(
                f"Dropout has {len(hidden)} rates, but the network has {n_hidden} hidden layers. "
                "Give one rate for each, or one number for all."
            )
        return (self.input, *hidden)


def masks(
    rates: Sequence[float], sizes: Sequence[int], *, seed: int, step: int, n_rows: int, dtype: str, first_row: int = 0
) -> list[NDArray[np.floating[Any]] | None]:
    """Return what a^1 … a^{L−1} are multiplied by in one step.

    Parameters
    ----------
    rates : sequence of float, ``(L − 1,)``
        Of each layer but the output.
    sizes : sequence of int
        Neurons of each layer, input included.
    seed : int
        From 0 to 2⁶⁴ − 1.
    step : int
        Steps taken before.
    n_rows : int
        Examples in the batch.
    dtype : {"float32", "float64"}
    first_row : int, default 0
        Where in the batch the first of them stands.

    Returns
    -------
    list of ndarray ``(n_rows, n_l)`` or None
        0 or ``1/(1 − rate)``; None for a layer of which nothing is left out.
    """
    drawn: list[NDArray[np.floating[Any]] | None] = []
    for layer, (rate, n_neurons) in enumerate(zip(rates, sizes, strict=False), start=1):
        if rate == 0:
            drawn.append(None)
            continue
        row, block = np.arange(first_row, first_row + n_rows)[:, None], np.arange(-(-n_neurons // 4))[None, :]
        words = draws(seed, step, layer, row, block).reshape(n_rows, -1)[:, :n_neurons]
        drawn.append(mask_of(words, rate, dtype))
    return drawn


def thinned(network: Network, x: Array, drawn: Sequence[Array | None]) -> tuple[Network, Array]:
    """Return the network and the batch of one step, in which a^1 … a^{L−1} come multiplied by their masks.

    Parameters
    ----------
    network : Network
    x : array, ``(n_examples, n_in)``
    drawn : sequence of array ``(n_examples, n_l)`` or None, ``(L − 1,)``
        The result of `masks`.

    Returns
    -------
    Network
        With the same weights and biases, which works on this batch alone.
    array, ``(n_examples, n_in)``
    """
    on_x, *on_hidden = drawn
    names = [
        name if mask is None else _MaskedActivation(name, mask)
        for name, mask in zip(network.activations, [*on_hidden, None], strict=True)
    ]
    return Network(network.weights, network.biases, tuple(names)), x if on_x is None else x * on_x


class _MaskedActivation(str):
    """``a = mask ⊙ σ(z)``, under the name of σ, which carries it as a `CustomActivation` does its own function."""

    unmasked: str
    mask: Array
    definition: Activation

    def __new__(cls, name: str, mask: Array) -> _MaskedActivation:
        self, sigma = super().__new__(cls, name), get_activation(name)
        self.unmasked, self.mask = name, mask
        self.definition = replace(
            sigma,
            name=self,
            value=lambda z: sigma.value(z) * mask,
            derivative=None,  # the mask comes before σ′, as in the native engine
            transposed_jacobian=lambda z, nabla_a: sigma.pull_back(z, mask * nabla_a),
        )
        return self


def mask_of(words: Words, rate: float, dtype: Any) -> NDArray[np.floating[Any]]:
    """Turn random words into 0, for a share `rate` of them, and ``1/(1 − rate)``."""
    stays = words >= np.uint32(int(rate * 2.0**32))
    return np.where(stays, 1.0 / (1.0 - rate), 0.0).astype(dtype)


def drop_sparse(x: Any, rate: float, *, seed: int, step: int, first_row: int = 0) -> Any:
    """Return a sparse input with its mask of one step applied, the same mask that `masks` gives.

    Parameters
    ----------
    x : CSR matrix, ``(n_rows, n_in)``
    rate : float
        Of the inputs; 0 returns x itself.
    seed, step, first_row
        See `masks`.
    """
    if rate == 0:
        return x
    row = first_row + np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    words = draws(seed, step, 1, row, x.indices // 4)[np.arange(len(row)), x.indices % 4]
    dropped = x.copy()
    dropped.data = x.data * mask_of(words, rate, x.dtype)
    return dropped


def draws(seed: int, step: int, layer: int, row: NDArray[np.int64], block: NDArray[np.int64]) -> Words:
    """Return the four random words for the neurons ``4·block`` to ``4·block + 3``, shaped ``(*broadcast, 4)``."""
    counter = (block, row, np.array(step % 2**32), np.array(layer + ((step >> 32) << 16)))
    return philox4x32(counter, (seed % 2**32, seed >> 32))


def philox4x32(counter: Sequence[NDArray[Any]], key: tuple[int, int]) -> Words:
    """Philox4x32-10: four random words for each counter of four words.

    Parameters
    ----------
    counter : four arrays of whole numbers below 2³² that broadcast against one another
    key : two whole numbers below 2³²

    Returns
    -------
    ndarray of uint32, ``(*broadcast, 4)``
    """
    c0, c1, c2, c3 = (np.asarray(part, dtype=np.uint64) for part in np.broadcast_arrays(*counter))
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    key_0, key_1 = key
    for _ in range(10):
        left, right = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (
            (right >> half) ^ c1 ^ np.uint64(key_0),
            right & low,
            (left >> half) ^ c3 ^ np.uint64(key_1),
            left & low,
        )
        key_0, key_1 = (key_0 + 0x9E3779B9) % 2**32, (key_1 + 0xBB67AE85) % 2**32
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def _checked(name: str, rate: float) -> float:
    if not isinstance(rate, bool | str) and 0 <= rate < 1:
        return float(rate)
    raise InvalidInputError(f"Dropout({name}=) must lie in [0, 1), but {rate!r} came.")
