"""The reference engine: `core` alone, an operation at a time. It is the truth that the native engine is held to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core import embedded_network, input_scales
from backlit.core.backpropagation import backpass, shares
from backlit.core.dropout import drop_sparse, masks, thinned
from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.embedding import Embedding, Forward, embed, embedding_gradient, rate_factors
from backlit.core.layer_rates import LayerRates
from backlit.core.losses import cost_of_each, mean_cost
from backlit.core.namespace import is_sparse
from backlit.core.network import Network, feedforward
from backlit.core.optimizers import SGD, Optimizer, with_decay
from backlit.core.parametric import gradients_of_alphas
from backlit.core.precision import PRODUCTS
from backlit.engine.checks import (
    check_embeddings,
    check_finite,
    check_layer_rates,
    check_precision,
    check_shapes,
    refuse_sparse,
)
from backlit.engine.protocol import (
    Floats,
    Gradient,
    Inputs,
    NablaArrays,
    Objective,
    OptimizerState,
    Steps,
    batches,
    clipped,
    scales_to_begin_with,
)
from backlit.engine.whole_bytes import widened

_CHUNK_ROWS = 4096
"""Rows fed forward at a time, to bound memory."""


class ReferenceEngine:
    """See `backlit.engine.protocol.Engine`."""

    name = "reference"

    def __init__(self, precision: str = "full") -> None:
        self.precision = precision

    def open(
        self,
        network: Network | EmbeddedNetwork,
        objective: Objective,
        optimizer: Optimizer = SGD(),
        state: OptimizerState | None = None,
        n_threads: int | None = None,
        layer_rates: LayerRates | None = None,
    ) -> ReferenceSession:
        """Open a session; `n_threads` is ignored."""
        objective.check(network)
        check_precision(network, self.precision)
        check_layer_rates(network, optimizer, layer_rates)
        check_embeddings(network, objective, optimizer)
        state = state or OptimizerState.zero(network, optimizer)
        return ReferenceSession(network, objective, optimizer, state, self.precision, layer_rates)


class ReferenceSession:
    """See `backlit.engine.protocol.Session`."""

    def __init__(
        self,
        network: Network | EmbeddedNetwork,
        objective: Objective,
        optimizer: Optimizer,
        state: OptimizerState,
        precision: str,
        layer_rates: LayerRates | None,
    ) -> None:
        self._objective = objective
        self._product = PRODUCTS[precision]
        self._dropout_rates = objective.dropout_rates(network)
        self._optimizer = optimizer
        self._layer_rates = layer_rates or LayerRates.standard(network.sizes)
        scales = scales_to_begin_with(network, optimizer, layer_rates, state)
        self._state = OptimizerState(state.t, list(state.weights), list(state.biases), (scales,) if scales else ())
        self.set_network(network)

    def set_network(self, network: Network | EmbeddedNetwork) -> None:
        self._network, self._embedding = embedded_network.apart(_copied(network))
        self._sizes = network.sizes

    def network(self) -> Network:
        whole: Network = _copied(embedded_network.together(self._network, self._embedding))
        return whole

    def _layer_1(self, x: Inputs) -> tuple[Inputs, Forward | None]:
        """Return what the network is fed with; and all numbers of the embeddings, where there are any."""
        x = widened(x, self._network.dtype)
        if self._embedding is None:
            return x, None
        refuse_sparse(x)
        if not self._embedding.embedded.of_inputs:
            return x, None
        embedded = embed(self._embedding, x)
        return embedded.out, embedded

    def optimizer_state(self) -> OptimizerState:
        # The steps below make new arrays and never write into old ones, so the arrays themselves can be shared.
        return OptimizerState(self._state.t, list(self._state.weights), list(self._state.biases), self._state.scales)

    @property
    def objective(self) -> Objective:
        return self._objective

    def feedforward(self, x: Inputs, *, finite: bool = False) -> Floats:
        check_shapes(self._sizes, x)
        if finite:
            check_finite(x)
        out = np.empty((x.shape[0], self._network.sizes[-1]), dtype=self._network.dtype)
        for rows in _chunks(x.shape[0]):
            out[rows] = feedforward(self._network, self._layer_1(x[rows])[0], self._product)[1][-1]
        return out

    def evaluate(self, x: Inputs, y: Floats, sample_weight: Floats | None = None) -> tuple[Floats, float]:
        check_shapes(self._sizes, x, y, sample_weight)
        out = np.empty((x.shape[0], self._network.sizes[-1]), dtype=self._network.dtype)
        s = np.ones(x.shape[0]) if sample_weight is None else sample_weight.astype(np.float64)
        total = 0.0
        for rows in _chunks(x.shape[0]):
            z, a = feedforward(self._network, self._layer_1(x[rows])[0], self._product)
            costs = cost_of_each(self._objective.loss, self._network.activations[-1], z[-1], a[-1], y[rows])
            total += float(np.sum(s[rows] * costs))
            out[rows] = a[-1]
        return out, mean_cost(total, float(s.sum()))

    def cost_and_gradient(
        self,
        x: Inputs,
        y: Floats,
        sample_weight: Floats | None = None,
        *,
        first_row: int = 0,
        out: NablaArrays | None = None,
        finished: Callable[[int], None] | None = None,
    ) -> Gradient:
        check_shapes(self._sizes, x, y, sample_weight)
        share, batch_weight = shares(y, sample_weight)
        objective = self._objective
        x, embedded = self._layer_1(x)
        network, x = self._thinned(x, first_row)
        result = backpass(
            network,
            x,
            y,
            share,
            batch_weight,
            loss=objective.loss,
            penalty=objective.penalty,
            product=self._product,
        )
        nabla_w, nabla_b = result.nabla_w, result.nabla_b
        if self._embedding is not None and embedded is not None:
            of_layer_2 = network.weights[0], result.delta[0], share, self._product
            of_embeddings = embedding_gradient(self._embedding, embedded, *of_layer_2)
            nabla_w, nabla_b = [*nabla_w, *of_embeddings[0]], [*nabla_b, *of_embeddings[1]]
        if self._embedding is not None and self._embedding.embedded.alphas:
            nabla_b = [*nabla_b, *gradients_of_alphas(network, result, share, self._product)]
            nabla_w = [*nabla_w, *(np.zeros(0, self._network.dtype) for _ in self._embedding.embedded.alphas)]
        return Gradient(result.cost, nabla_w, nabla_b, batch_weight)

    def _thinned(self, x: Inputs, first_row: int = 0) -> tuple[Network, Inputs]:
        """Return the network and x as dropout leaves them for this step."""
        network, rates = self._network, self._dropout_rates
        if not rates:
            return network, x
        seed, step = self._objective.dropout_seed, self._state.t
        if is_sparse(x):  # a mask of its own would be dense
            x, rates = drop_sparse(x, rates[0], seed=seed, step=step, first_row=first_row), (0.0, *rates[1:])
        n_rows, dtype = x.shape[0], network.dtype
        drawn = masks(rates, network.sizes, seed=seed, step=step, n_rows=n_rows, dtype=dtype, first_row=first_row)
        return thinned(network, x, drawn)

    def apply_gradient(self, gradient: Gradient, rate: float, decay: float = 1.0) -> None:
        # step 6 of the lecture's algorithm
        gradient = clipped(gradient, self._optimizer)
        optimizer = with_decay(self._optimizer, decay)
        t, factors = self._state.t + 1, self._layer_rates
        weights, biases = [], []
        for i, (w, b) in enumerate(zip(self._network.weights, self._network.biases, strict=True)):
            nabla_w, has_scales = gradient.nabla_w[i], i == 0 and len(self._state.scales) > 0
            if has_scales:
                s, *slots = self._state.scales[0]
                w, nabla_w, nabla_s = input_scales.apart(w, nabla_w, s)
            w, self._state.weights[i] = optimizer.step(
                w, nabla_w, self._state.weights[i], rate=rate * factors.weights[i], t=t, is_weight=True
            )
            b, self._state.biases[i] = optimizer.step(
                b, gradient.nabla_b[i], self._state.biases[i], rate=rate * factors.biases[i], t=t, is_weight=False
            )
            if has_scales:
                s, moved = optimizer.step(s, nabla_s, slots, rate=rate * factors.scales, t=t, is_weight=False)
                w, s = input_scales.together(w, s)
                self._state.scales = ((s, *moved),)
            weights.append(w)
            biases.append(b)
        self._state.t = t
        self._network = Network(tuple(weights), tuple(biases), self._network.activations)
        if self._embedding is not None:
            embedding = self._after_step(self._embedding, gradient, optimizer, rate)
            self._network, self._embedding = embedded_network.apart(
                embedded_network.together(self._network, embedding)  # α is part of σ
            )

    def _after_step(self, embedding: Embedding, gradient: Gradient, optimizer: Optimizer, rate: float) -> Embedding:
        """Return embeddings after a step, in which nothing of them decays."""
        state, stepped, rates = self._state, [], [rate * factor for factor in rate_factors(embedding.embedded)]
        for slots, nablas, parameters in (
            (state.weights, gradient.nabla_w, embedding.weights),
            (state.biases, gradient.nabla_b, embedding.biases),
        ):
            moved = []
            for p, theta in enumerate(parameters):
                i = len(self._network.weights) + p
                theta, slots[i] = optimizer.step(theta, nablas[i], slots[i], rate=rates[p], t=state.t, is_weight=False)
                moved.append(theta)
            stepped.append(tuple(moved))
        return Embedding(embedding.embedded, *stepped)

    def run_steps(
        self,
        x: Inputs,
        y: Floats,
        order: NDArray[np.int64],
        batch_size: int,
        rates: NDArray[np.float64],
        sample_weight: Floats | None = None,
        decays: NDArray[np.float64] | None = None,
    ) -> Steps:
        costs, weights = np.zeros(len(rates)), np.zeros(len(rates))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # noticed and named below
            for i, (rows, rate) in enumerate(zip(batches(order, batch_size), rates, strict=True)):
                s = None if sample_weight is None else sample_weight[rows]
                if s is not None and not s.any():
                    continue
                gradient = self.cost_and_gradient(x[rows], y[rows], s)
                costs[i], weights[i] = gradient.cost, gradient.batch_weight
                if not np.isfinite(gradient.cost):
                    return Steps(costs, weights, self._diverged_layer(x[rows]))
                self.apply_gradient(gradient, float(rate), 1.0 if decays is None else float(decays[i]))
            if self._embedding is not None and not _is_finite(self._embedding):
                return Steps(costs, weights, 1)
            return Steps(costs, weights, _first_layer_not_finite(self._network.weights, self._network.biases))

    def _diverged_layer(self, x: Inputs) -> int:
        network, x = self._thinned(self._layer_1(x)[0])
        z, a = feedforward(network, x, self._product)
        # where all activations are finite, it was the cost of the output layer
        return _first_layer_not_finite(z, a[1:]) or len(self._network.sizes)


def _copied(network: Any) -> Any:
    return replace(network, weights=tuple(map(np.copy, network.weights)), biases=tuple(map(np.copy, network.biases)))


def _is_finite(embedding: Embedding) -> bool:
    return all(np.isfinite(array).all() for array in (*embedding.weights, *embedding.biases))


def _first_layer_not_finite(*arrays_of_layers: Sequence[Floats]) -> int | None:
    for layer, arrays in enumerate(zip(*arrays_of_layers, strict=True), start=2):
        if not all(np.isfinite(array).all() for array in arrays):
            return layer
    return None


def _chunks(n_rows: int) -> list[slice]:
    return [slice(start, start + _CHUNK_ROWS) for start in range(0, n_rows, _CHUNK_ROWS)]
