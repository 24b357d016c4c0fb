"""A session on a network, or on an ensemble, whose members may share layers: the one place that chooses among these."""

from __future__ import annotations

from typing import cast

from backlit.core.ensemble import Ensemble
from backlit.core.layer_rates import LayerRates
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Optimizer
from backlit.engine.members import MembersSession
from backlit.engine.protocol import Engine, Objective, OptimizerState, Session
from backlit.engine.shared_members import SharedMembersSession


def open_session(
    engine: Engine,
    network: Network | Ensemble,
    objective: Objective,
    optimizer: Optimizer = SGD(),
    state: OptimizerState | None = None,
    n_threads: int | None = None,
    layer_rates: LayerRates | None = None,
) -> Session:
    """Open a session on a network, or on an ensemble; see `backlit.engine.protocol.Engine.open`."""
    if isinstance(network, Ensemble):
        kind = SharedMembersSession if network.shares else MembersSession
        session = kind(engine, network, objective, optimizer, state, n_threads, layer_rates)
        return cast(Session, session)  # whose networks are ensembles, which nobody in between looks into
    return engine.open(network, objective, optimizer, state, n_threads, layer_rates)
