"""Members of an ensemble being worked on together: a session for each, several at a time on threads.

Small networks are trained fastest on one processor each, so what fills several is several members. Each has its own
order of the rows and its own dropout; what is asked of all is answered by the mean of their z^L.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.core.ensemble import Ensemble
from backlit.core.layer_rates import LayerRates
from backlit.core.losses import cost_of_each, mean_cost
from backlit.core.network import Network
from backlit.core.optimizers import Optimizer
from backlit.engine.checks import check_finite
from backlit.engine.protocol import (
    Engine,
    Floats,
    Gradient,
    Inputs,
    NablaArrays,
    Objective,
    OptimizerState,
    Steps,
)
from backlit.errors import InvalidInputError

T = TypeVar("T")
_SECONDS = 0.05
"""That a member goes on without a look at whether all are to stop."""


class MembersSession:
    """See `backlit.engine.protocol.Session`. Networks that come and go are ensembles."""

    def __init__(
        self,
        engine: Engine,
        ensemble: Ensemble,
        objective: Objective,
        optimizer: Optimizer,
        state: OptimizerState | None,
        n_threads: int | None,
        layer_rates: LayerRates | None,
    ) -> None:
        k = ensemble.n_members
        self._objective, self._activation = objective, ensemble.activations[-1]
        self._n_workers = min(k, n_threads or processors())
        objectives = [replace(objective, dropout_seed=seed_of_member(objective.dropout_seed, m)) for m in range(k)]
        # members share processors as whole ones; only where there is one alone may it use several
        threads = n_threads if k == 1 else 1
        self._members = [
            engine.open(member, objectives[m], optimizer, _part(state, m, k), threads, layer_rates)
            for m, member in enumerate(ensemble.members)
        ]
        # z^L comes from sessions whose last σ is the identity
        plain = Objective()
        self._before_last = [
            engine.open(_without_last(member), plain, n_threads=threads) for member in ensemble.members
        ]
        self._are_current = True

    @property
    def objective(self) -> Objective:
        return self._objective

    @property
    def n_members(self) -> int:
        return len(self._members)

    def _z(self, x: Inputs) -> Floats:
        if not self._are_current:
            for session, member in zip(self._before_last, self._members, strict=True):
                session.set_network(_without_last(member.network()))
            self._are_current = True
        total: Floats | None = None
        for z in self._each(lambda m: self._before_last[m].feedforward(x)):  # in their order, so that bits are the same
            total = z if total is None else total + z
        assert total is not None
        return total / np.asarray(self.n_members, dtype=total.dtype)

    def feedforward(self, x: Inputs, *, finite: bool = False) -> Floats:
        if finite:
            check_finite(x)
        return np.asarray(get_activation(self._activation).value(self._z(x)))

    def evaluate(self, x: Inputs, y: Floats, sample_weight: Floats | None = None) -> tuple[Floats, float]:
        z = self._z(x)
        a = np.asarray(get_activation(self._activation).value(z))
        costs = cost_of_each(self._objective.loss, self._activation, z, a, y)
        s = np.ones(len(costs)) if sample_weight is None else sample_weight.astype(np.float64)
        return a, mean_cost(float(np.sum(s * costs)), float(s.sum()))

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
        raise InvalidInputError("A gradient is of one network. Ask a member for its own.")

    def apply_gradient(self, gradient: Gradient, rate: float, decay: float = 1.0) -> None:
        raise InvalidInputError("A gradient is of one network. Give it to a member.")

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
        """Take the steps of each member; `order` is ``(n_members, n_rows)``. Costs are the members' mean."""
        self._are_current = False
        stop = threading.Event()

        def train(m: int) -> list[Steps]:
            done, length, parts = 0, min(64, len(rates)), []
            while done < len(rates) and not stop.is_set():
                began = time.perf_counter()
                part = slice(done * batch_size, (done + length) * batch_size)
                these = slice(done, done + length)
                own_decays = None if decays is None else decays[these]
                steps = self._members[m].run_steps(
                    x, y, order[m, part], batch_size, rates[these], sample_weight, own_decays
                )
                parts.append(steps)
                if steps.diverged_layer is not None:
                    stop.set()
                done += length
                length = max(1, int(length * _SECONDS / max(time.perf_counter() - began, 1e-9)))
            return parts

        parts_of_each = self._each(train, stop)
        diverged = [steps.diverged_layer for parts in parts_of_each for steps in parts if steps.diverged_layer]
        if diverged:
            return Steps(np.zeros(len(rates)), np.zeros(len(rates)), min(diverged))
        costs = [np.concatenate([steps.costs for steps in parts]) for parts in parts_of_each]
        weights = [np.concatenate([steps.batch_weights for steps in parts]) for parts in parts_of_each]
        return Steps(np.mean(costs, axis=0), np.mean(weights, axis=0))

    def network(self) -> Ensemble:
        return Ensemble.of([member.network() for member in self._members])

    def optimizer_state(self) -> OptimizerState:
        states = [member.optimizer_state() for member in self._members]
        return OptimizerState(
            states[0].t,
            [w for state in states for w in state.weights],
            [b for state in states for b in state.biases],
            tuple(scales for state in states for scales in state.scales),
        )

    def set_network(self, network: Ensemble) -> None:
        for session, member in zip(self._members, network.members, strict=True):
            session.set_network(member)
        self._are_current = False

    def _each(self, work: Callable[[int], T], stop: threading.Event | None = None) -> Sequence[T]:
        if self._n_workers == 1:
            return [work(m) for m in range(self.n_members)]
        with ThreadPoolExecutor(self._n_workers) as pool:
            try:
                return list(pool.map(work, range(self.n_members)))
            except BaseException:  # Ctrl-C above all: nobody is to train on unasked
                if stop is not None:
                    stop.set()
                pool.shutdown(cancel_futures=True)
                raise


def processors() -> int:
    """Return how many there are for trainings."""
    from backlit.engine import native_is_available

    if native_is_available():
        from backlit.engine.native import available_processors

        return available_processors()
    return os.cpu_count() or 1


def seed_of_member(seed: int, m: int) -> int:
    """Return the seed of a member, counted from 0; the first has the ensemble's own."""
    # odd, so that no two of 2⁶⁴ members share one; and far apart, for seeds that follow one another are often compared
    return (seed + m * 0x9E3779B97F4A7C15) % 2**64


def _part(state: OptimizerState | None, m: int, n_members: int) -> OptimizerState | None:
    if state is None:
        return None
    n_layers = len(state.weights) // n_members
    part = slice(m * n_layers, (m + 1) * n_layers)
    return OptimizerState(state.t, state.weights[part], state.biases[part], state.scales[m : m + 1])


def _without_last(network: Network) -> Network:
    return replace(network, activations=(*network.activations[:-1], "identity"))
