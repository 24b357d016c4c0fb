"""The compiled engine; the only importer of the extension module.

Arrays are made contiguous and of the network's dtype here, so that the bindings can refuse all others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit import _native
from backlit.core.custom import is_custom
from backlit.core.embedded import Embedded
from backlit.core.embedded_network import EmbeddedNetwork, apart, with_alphas_beside
from backlit.core.embedding import RATE_FACTOR
from backlit.core.layer_rates import LayerRates
from backlit.core.losses import definition, mean_cost
from backlit.core.namespace import is_sparse
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Optimizer, argument_values
from backlit.core.parametric import alphas_of
from backlit.core.penalty import NO_PENALTY
from backlit.engine.checks import (
    check_embeddings,
    check_layer_rates,
    check_precision,
    check_shapes,
    refuse_sparse,
)
from backlit.engine.native_arrays import PARAMETER, NativeArrays, Reader
from backlit.engine.packed import PackedGradients
from backlit.engine.protocol import (
    Floats,
    Gradient,
    Inputs,
    NablaArrays,
    Objective,
    OptimizerState,
    Session,
    Steps,
    clipped,
    scales_to_begin_with,
)
from backlit.engine.reference import ReferenceEngine
from backlit.engine.shared_steps import SharedSteps
from backlit.errors import InvalidInputError, NotFiniteError

_SESSIONS: dict[str, Any] = {"float32": _native.SessionFloat32, "float64": _native.SessionFloat64}


class NativeEngine:
    """See `backlit.engine.protocol.Engine`."""

    name = "native"

    def __init__(self, precision: str = "full") -> None:
        if precision != "full" and not _native.has_bfloat16():
            raise InvalidInputError(
                f"precision={precision!r} needs a processor with AVX512_BF16, but the engine has {self.instruction_set}"
                " here. Use precision='full', or the reference engine, which computes the same results slowly."
            )
        self.precision = precision

    @property
    def instruction_set(self) -> str:
        """``"avx512"``, ``"avx2"`` or ``"baseline"``; the variable ``BACKLIT_ISA`` can ask for a lesser one.

        It is that of the products of full precision, so it is ``"avx512"`` on processors with AVX512_BF16, too.
        """
        return _native.instruction_set()

    def open(
        self,
        network: Network | EmbeddedNetwork,
        objective: Objective,
        optimizer: Optimizer = SGD(),
        state: OptimizerState | None = None,
        n_threads: int | None = None,
        layer_rates: LayerRates | None = None,
    ) -> Session:
        """Open a session; see `backlit.engine.protocol.Engine.open`."""
        custom = _custom_parts(network, objective)
        if custom:
            raise InvalidInputError(
                f"The native engine cannot call the Python functions of {', '.join(map(repr, custom))}. "
                "Use engine='auto' or engine='reference'."
            )
        objective.check(network)
        check_precision(network, self.precision)
        check_layer_rates(network, optimizer, layer_rates)
        check_embeddings(network, objective, optimizer)
        if n_threads is not None and n_threads < 1:
            raise InvalidInputError(f"n_threads must be at least 1, or None for automatic, but {n_threads!r} came.")
        return NativeSession(network, objective, optimizer, state, n_threads or 0, self.precision, layer_rates)


class AutomaticEngine(NativeEngine):
    """The native engine, or the reference engine where an activation or the loss is custom."""

    def open(
        self,
        network: Network | EmbeddedNetwork,
        objective: Objective,
        optimizer: Optimizer = SGD(),
        state: OptimizerState | None = None,
        n_threads: int | None = None,
        layer_rates: LayerRates | None = None,
    ) -> Session:
        """Open a session; see `backlit.engine.protocol.Engine.open`."""
        if _custom_parts(network, objective):
            engine = ReferenceEngine(self.precision)
            return engine.open(network, objective, optimizer, state, n_threads, layer_rates)
        return super().open(network, objective, optimizer, state, n_threads, layer_rates)


def available_processors() -> int:
    """Return how many processors this process may use, as its control group allows."""
    return int(_native.available_processors())


def _custom_parts(network: Network | EmbeddedNetwork, objective: Objective) -> list[str]:
    return [name for name in (*network.activations, objective.loss) if is_custom(name)]


def _native_objective(network: Network | EmbeddedNetwork, objective: Objective) -> Any:
    loss, penalty = definition(objective.loss), objective.penalty
    return _native.Objective(
        loss.family,
        loss.parameter,
        _native.Penalty(l2=penalty.l2, l1=penalty.l1, alpha=penalty.alpha),
        _native.Dropout(objective.dropout_rates(network), objective.dropout_seed),
    )


class NativeSession(PackedGradients):
    """See `backlit.engine.protocol.Session`. α of a plain network stand still; gradients have them last."""

    def __init__(
        self,
        network: Network | EmbeddedNetwork,
        objective: Objective,
        optimizer: Optimizer,
        state: OptimizerState | None,
        max_threads: int,
        precision: str,
        layer_rates: LayerRates | None,
    ) -> None:
        self._alphas_stand, network = bool(alphas_of(network)), with_alphas_beside(network)
        rates = layer_rates or LayerRates((), ())
        self._objective = objective
        self._optimizer = optimizer
        self._precision = precision
        self.layout = f"native {_native.instruction_set()} {precision}"
        self._n_slots = len(optimizer.slots)
        self._sizes = network.sizes
        behind, embedding = apart(network)
        self._embedded = Embedded() if embedding is None else embedding.embedded
        self._activations = network.activations
        self._dtype = np.dtype(network.dtype)
        self._session = _SESSIONS[network.dtype](
            shape=_native.Shape(
                behind.sizes,
                network.activations,
                self._embedded.columns,
                self._embedded.categories,
                bool(self._embedded.alphas),
            ),
            objective=_native_objective(network, objective),
            optimizer=_native.Optimizer(optimizer.name, argument_values(optimizer)),
            layer_rates=_native.LayerRates(
                rates.weights, rates.biases, rates.scales, 0.0 if self._alphas_stand else RATE_FACTOR
            ),
            max_threads=max_threads,
            precision=precision,
        )
        self._arrays = NativeArrays(self._session, behind.sizes, self._embedded, self._n_slots, network.dtype)
        self.set_network(network)
        if state is not None:
            self._session.t = state.t
            for slot in range(self._n_slots):
                self._arrays.write(slot, [w[slot] for w in state.weights], [b[slot] for b in state.biases])
        scales = scales_to_begin_with(behind, optimizer, layer_rates, state or OptimizerState())
        self._has_scales = len(scales) > 0
        for slot, values in enumerate(scales, start=PARAMETER):
            self._session.set_scales(slot, self._arrays.own(values))

    def set_network(self, network: Network | EmbeddedNetwork) -> None:
        whole = with_alphas_beside(network)
        self._arrays.write(PARAMETER, whole.weights, whole.biases)

    def network(self) -> Network:
        weights, biases = map(tuple, self._arrays.read(PARAMETER))
        if self._embedded:
            whole: Any = EmbeddedNetwork(weights, biases, self._activations, self._embedded)
            return whole.network if self._alphas_stand else whole  # type: ignore[no-any-return]
        return Network(weights, biases, self._activations)

    def optimizer_state(self) -> OptimizerState:
        slots = [self._arrays.read(slot) for slot in range(self._n_slots)]
        return OptimizerState(
            self._session.t,
            [tuple(weights[layer] for weights, _ in slots) for layer in range(self._arrays.n_arrays)],
            [tuple(biases[layer] for _, biases in slots) for layer in range(self._arrays.n_arrays)],
            (self._arrays.read_scales(),) if self._has_scales else (),
        )

    @property
    def objective(self) -> Objective:
        return self._objective

    def feedforward(self, x: Inputs, *, finite: bool = False) -> Floats:
        check_shapes(self._sizes, x)
        out = np.empty((x.shape[0], self._sizes[-1]), dtype=self._dtype)
        if not self._session.feedforward(self._input(x), out) and finite:
            raise NotFiniteError
        return out

    def evaluate(self, x: Inputs, y: Floats, sample_weight: Floats | None = None) -> tuple[Floats, float]:
        check_shapes(self._sizes, x, y, sample_weight)
        out = np.empty((x.shape[0], self._sizes[-1]), dtype=self._dtype)
        total, weight = self._session.evaluate(self._input(x), out, self._arrays.own(y), self._optional(sample_weight))
        return out, mean_cost(total, weight)

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
        own_y, s = self._arrays.own(y), self._optional(sample_weight)
        penalty = self._objective.penalty
        reader = Reader(self._arrays, out, finished if penalty == NO_PENALTY else None)
        cost, weight = self._session.gradient(self._input(x), own_y, s, first_row, finished=reader.of_layer)
        nabla_w, nabla_b = reader.read()
        if penalty == NO_PENALTY:
            return Gradient(cost, nabla_w, nabla_b, weight)
        n_layers = self._arrays.n_layers
        weights = self._arrays.read(PARAMETER)[0][:n_layers]  # embeddings are not penalized
        of_layers = zip(nabla_w, weights, strict=False)
        nabla_w = [*(penalty.add_gradient(nabla, w, weight) for nabla, w in of_layers), *nabla_w[n_layers:]]
        return Gradient(cost + penalty.cost(weights, weight), nabla_w, nabla_b, weight)

    def apply_gradient(self, gradient: Gradient, rate: float, decay: float = 1.0) -> None:
        gradient = clipped(gradient, self._optimizer)
        self._arrays.apply(gradient.nabla_w, gradient.nabla_b, rate, decay)

    def shared_steps(self, dropout_seeds: Sequence[int], rate_of_scales: float) -> SharedSteps:
        """Return what takes the steps of members of these sizes that share layers; this session is then its own."""
        return SharedSteps(self._session, self._arrays, dropout_seeds, rate_of_scales)

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
        check_shapes(self._sizes, x, y, sample_weight)
        costs, batch_weights = np.zeros(len(rates)), np.zeros(len(rates))
        diverged_layer = self._session.run_steps(
            self._input(x),
            self._arrays.own(y),
            np.ascontiguousarray(order, dtype=np.int64),
            batch_size,
            np.ascontiguousarray(rates, dtype=np.float64),
            costs,
            batch_weights,
            self._optional(sample_weight),
            None if decays is None else np.ascontiguousarray(decays, dtype=np.float64),
        )
        return Steps(costs, batch_weights, diverged_layer or None)

    def _input(self, x: Inputs) -> Any:
        if not is_sparse(x):
            return self._arrays.dense(x)
        if self._embedded:
            refuse_sparse(x)
        if self._precision != "full":
            raise InvalidInputError(
                f"A sparse X needs precision='full', but precision is {self._precision!r}. "
                "Make X dense, or use precision='full'."
            )
        return x.indptr.astype(np.int64), x.indices.astype(np.int32, copy=False), self._arrays.own(x.data), x.shape[1]

    def _array(self, values: Floats) -> Floats:
        return self._arrays.own(values)

    def _optional(self, values: Floats | None) -> Floats | None:
        return None if values is None else self._arrays.own(values)
