"""Members that share layers being trained: a gradient of each, and one step for all; see `backlit.core.shared_members`.

Every member has a session, which takes its gradients and is asked as any other member's. The trunk has one more, whose
optimizer takes the steps of what is shared. Its parameters come from the members before each step, so that they are
the state, and training goes on from what they were, bit for bit. Where the engine can, steps are one call of its own
(`backlit.engine.shared_steps`), which keeps to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.ensemble import Ensemble
from backlit.core.layer_rates import LayerRates
from backlit.core.namespace import is_sparse
from backlit.core.optimizers import SGD, Optimizer, with_decay
from backlit.core.penalty import NO_PENALTY
from backlit.core.shared_members import away_from_zero, gradient_of_trunk, members_on, scales_told, trunk_of
from backlit.engine.members import MembersSession, seed_of_member
from backlit.engine.native_arrays import PARAMETER
from backlit.engine.protocol import Engine, Floats, Gradient, Inputs, Objective, OptimizerState, Steps, batches
from backlit.engine.shared_steps import SharedSteps

_MOST_ROWS = 2**31  # that the masks of dropout know one from another


class SharedMembersSession(MembersSession):
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
        super().__init__(engine, ensemble, objective, SGD(), None, n_threads, None)
        self._ensemble, self._optimizer = ensemble, optimizer
        self._last, self._k = len(ensemble.activations) - 1, ensemble.n_members
        self._rate_of_scales = (layer_rates.scales if layer_rates else 0.0) or 1.0
        if state is not None and state.scales:
            self._scales = [list(each) for each in state.scales]
        else:
            told = scales_told(ensemble)
            self._scales = [[r, *(np.zeros_like(r) for _ in optimizer.slots)] for r in told]
        self._engine, self._n_threads = engine, n_threads
        self._rates = None if layer_rates is None else replace(layer_rates, scales=0.0)
        self._open_trunk(None if state is None else self._state_of_trunk(state))
        self._t = 0 if state is None else state.t
        self._steps = self._native_steps()

    def _open_trunk(self, state: OptimizerState | None) -> None:
        # a gradient is shortened before it comes here, scales and all
        unclipped: Any = replace(self._optimizer, clip_norm=None)  # type: ignore[type-var]
        trunk = trunk_of(self._ensemble, self._scales[0][0])
        self._trunk = self._engine.open(trunk, Objective(), unclipped, state, self._n_threads, self._rates)

    def _native_steps(self) -> SharedSteps | None:
        """Return what takes steps as one call: None with an engine, or of members, that cannot."""
        if self._ensemble.embedded or self._objective.penalty != NO_PENALTY or self._engine.precision != "full":
            return None
        session: Any = self._engine.open(
            self._ensemble.member(0), self._objective, self._optimizer, None, self._n_threads, self._rates
        )
        if not hasattr(session, "shared_steps"):
            return None
        seeds = [seed_of_member(self._objective.dropout_seed, m) for m in range(self._k)]
        steps: SharedSteps = session.shared_steps(seeds, self._rate_of_scales)
        return steps

    def network(self) -> Ensemble:
        """Return the members, as ever."""
        return self._ensemble

    def set_network(self, network: Ensemble) -> None:
        """Take over members; what they share is the first one's."""
        self._ensemble = network
        super().set_network(network)

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
        """Take the steps of all members; `order` is ``(n_members, n_rows)``. Costs are the members' mean."""
        self._are_current = False
        costs, weights = np.zeros(len(rates)), np.zeros(len(rates))
        if self._steps is not None and not is_sparse(x):
            arguments = x, y, batch_size, rates, costs, weights, sample_weight, decays
            return Steps(costs, weights, self._run(self._steps, order, *arguments) or None)
        rows_of_steps = list(zip(*(batches(each, batch_size) for each in order), strict=True))
        with ThreadPoolExecutor(self._n_workers) if self._n_workers > 1 else nullcontext() as pool:
            over = map if pool is None else pool.map
            for i, (rows, rate) in enumerate(zip(rows_of_steps, rates, strict=True)):
                if sample_weight is not None and not all(sample_weight[each].any() for each in rows):
                    continue  # a member that learns nothing from its rows cannot take part
                first_row = self._t * batch_size % _MOST_ROWS  # the members' own counters stand still

                def gradient(m: int, rows: Sequence[Any] = rows, first_row: int = first_row) -> Gradient:
                    s = None if sample_weight is None else sample_weight[rows[m]]
                    return self._members[m].cost_and_gradient(x[rows[m]], y[rows[m]], s, first_row=first_row)

                found = list(over(gradient, range(self._k)))
                costs[i] = np.mean([each.cost for each in found])
                weights[i] = np.mean([each.batch_weight for each in found])
                for m, each in enumerate(found):
                    if not np.isfinite(each.cost):
                        # a step of no length, which says where
                        done = self._members[m].run_steps(x, y, rows[m], len(rows[m]), np.zeros(1), sample_weight)
                        return Steps(costs, weights, done.diverged_layer or self._last + 2)
                self._take_step(found, float(rate), 1.0 if decays is None else float(decays[i]))
                for session, member in zip(self._members, self._ensemble.members, strict=True):
                    session.set_network(member)
        return Steps(costs, weights)

    def _run(self, steps: SharedSteps, *arguments: Any) -> int:
        """Take steps as one call: all that there is goes in, and comes out again."""
        slots = range(PARAMETER, len(self._optimizer.slots))
        trunk, state = trunk_of(self._ensemble, self._scales[0][0]), self._trunk.optimizer_state()
        for slot in slots:
            of_trunk = (
                ([*trunk.weights], [*trunk.biases])
                if slot == PARAMETER
                else ([each[slot] for each in state.weights], [each[slot] for each in state.biases])
            )
            steps.write(slot, of_trunk, [each[1 + slot] for each in self._scales])
        try:
            diverged_layer = steps.run(self._t, *arguments)
        finally:  # after Ctrl-C too
            found = [steps.read(slot) for slot in slots]
            (weights, biases), _ = found[0]
            self._t = steps.t
            self._scales = [[scales[m] for _, scales in found] for m in range(self._k)]
            trunk = replace(trunk, weights=tuple(weights), biases=tuple(biases))
            self._ensemble = members_on(trunk, [each[0] for each in self._scales], self._ensemble)
            n_arrays, slots_found = range(len(weights)), [arrays for arrays, _ in found[1:]]
            of_weights, of_biases = (
                [tuple(each[part][i] for each in slots_found) for i in n_arrays] for part in (0, 1)
            )
            self._open_trunk(OptimizerState(self._t, of_weights, of_biases))
            for session, member in zip(self._members, self._ensemble.members, strict=True):
                session.set_network(member)
        return diverged_layer

    def _take_step(self, gradients: Sequence[Gradient], rate: float, decay: float) -> None:
        scales = [each[0] for each in self._scales]
        trunk = trunk_of(self._ensemble, scales[0])
        nablas = [(each.nabla_w, each.nabla_b) for each in gradients]
        nabla_w, nabla_b, nabla_r = gradient_of_trunk(nablas, trunk.weights[0], scales, self._last)
        factor = self._optimizer.clip_factor([*nabla_w, *nabla_b, *nabla_r])
        if factor != 1:
            nabla_w, nabla_b, nabla_r = ([factor * each for each in part] for part in (nabla_w, nabla_b, nabla_r))
        self._trunk.set_network(trunk)
        self._trunk.apply_gradient(Gradient(0.0, nabla_w, nabla_b, gradients[0].batch_weight), rate, decay)
        self._t += 1
        optimizer, rate = with_decay(self._optimizer, decay), rate * self._rate_of_scales
        for (r, *slots), nabla, kept in zip(self._scales, nabla_r, self._scales, strict=True):
            r, moved = optimizer.step(r, nabla, slots, rate=rate, t=self._t, is_weight=False)
            kept[:] = away_from_zero(r), *moved
        self._ensemble = members_on(self._trunk.network(), [each[0] for each in self._scales], self._ensemble)

    def optimizer_state(self) -> OptimizerState:
        """Return a copy of the state, in which all members have what the optimizer keeps of what they share."""
        state, k, last = self._trunk.optimizer_state(), self._k, self._last

        def of_members(of_trunk: Sequence[tuple[Floats, ...]]) -> list[tuple[Floats, ...]]:
            heads = [np.split(slot, k) for slot in of_trunk[last]]
            return [
                tuple(head[m] for head in heads) if i == last else slots
                for m in range(k)
                for i, slots in enumerate(of_trunk)
            ]

        scales = tuple(tuple(each) for each in self._scales)
        return OptimizerState(state.t, of_members(state.weights), of_members(state.biases), scales)

    def _state_of_trunk(self, state: OptimizerState) -> OptimizerState:
        n_arrays, last = len(state.weights) // self._k, self._last

        def of_trunk(of_members: Sequence[tuple[Floats, ...]]) -> list[tuple[Floats, ...]]:
            kept = list(of_members[:n_arrays])
            kept[last] = tuple(np.concatenate(each) for each in zip(*of_members[last::n_arrays], strict=True))
            return kept

        return OptimizerState(state.t, of_trunk(state.weights), of_trunk(state.biases))
