"""One training from its beginning to its end: the door that estimators, models of tables and the rest go through.

What was chosen comes as `FitOptions`, and what is trained as a network with examples. A `Run` is all of it together: it
opens a session, drives the loop, and goes on from where a run of the same description was left.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from backlit.core.ensemble import Ensemble
from backlit.core.layer_rates import LayerRates
from backlit.core.losses import LossLike, loss_name
from backlit.core.network import Network
from backlit.core.optimizers import Optimizer
from backlit.engine import get_engine
from backlit.engine.opening import open_session
from backlit.engine.protocol import Engine, Objective, OptimizerState, Session
from backlit.errors import InvalidInputError
from backlit.training.events import Event, Reason, TrainingEnded, Watcher, drive
from backlit.training.examples import Examples, Source, Validation
from backlit.training.loop import Plan, restore_best, train
from backlit.training.options import FitOptions, LineSearchLimits
from backlit.training.state import TrainingState
from backlit.training.time_limit import TimeLimit


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a run.

    Attributes
    ----------
    network : Network
        An `Ensemble` where the run began with one.
    state : TrainingState
        Where it ended.
    reason : Reason
        Why.
    optimizer_state : OptimizerState
    search : scipy.optimize.OptimizeResult or None
        What SciPy says of its search, where the solver was "lbfgs".
    """

    network: Network
    state: TrainingState
    reason: Reason
    optimizer_state: OptimizerState
    search: Any = None


@dataclass(frozen=True, eq=False)
class Run:
    """All that a training begins with.

    Attributes
    ----------
    engine : Engine
    network : Network or Ensemble
        Where to begin.
    objective : Objective
    optimizer : Optimizer
    optimizer_state : OptimizerState or None
        None before the first step.
    examples : Source
    plan : Plan
    state : TrainingState
    validation : Validation or None
    n_threads : int or None
    line_search : LineSearchLimits or None
        Of L-BFGS, where it trains in the optimizer's place.
    layer_rates : LayerRates or None
        What each layer's rate is multiplied by, where they differ.
    limit : TimeLimit or None
        Counts from when it was made. It is no part of what a checkpoint tells of a run.
    """

    engine: Engine
    network: Network | Ensemble
    objective: Objective
    optimizer: Optimizer
    optimizer_state: OptimizerState | None
    examples: Source
    plan: Plan
    state: TrainingState
    validation: Validation | None = None
    n_threads: int | None = None
    line_search: LineSearchLimits | None = None
    layer_rates: LayerRates | None = None
    limit: TimeLimit | None = None

    @classmethod
    def of(
        cls,
        options: FitOptions,
        network: Network | Ensemble,
        loss: LossLike,
        examples: Source,
        validation: Validation | None = None,
        *,
        state: TrainingState | None = None,
        optimizer_state: OptimizerState | None = None,
        n_epochs: int | None = None,
        limit: TimeLimit | None = None,
    ) -> Run:
        """Return the run that options describe.

        Parameters
        ----------
        options : FitOptions
        network : Network or Ensemble
            Where to begin.
        loss : str, Huber, Quantile or CustomLoss
        examples : Source
            To train on.
        validation : Validation, optional
        state : TrainingState, optional
            To go on from. Default: before the first epoch.
        optimizer_state : OptimizerState, optional
            To go on from.
        n_epochs : int, optional
            Epochs in all. Default: ``options.epochs`` from here on.
        limit : TimeLimit, optional
            Default: ``options.max_time`` from now on.
        """
        state = state or TrainingState(options.seed, options.rate)
        plan = Plan(
            n_epochs=state.epoch + options.epochs if n_epochs is None else n_epochs,
            batch_size=options.rows_per_step(len(examples)),
            schedule=options.make_schedule(),
            stopping=options.stopping,
            shuffle=options.shuffle,
            weight_average=options.weight_average,
            decay_schedule=options.make_decay_schedule(),
        )
        return cls(
            get_engine(options.engine, options.precision),
            network,
            Objective(loss_name(loss), options.penalty(), options.make_dropout(), state.seed),
            options.optimizer(),
            optimizer_state,
            examples,
            plan,
            state,
            validation,
            options.n_threads,
            options.line_search(),
            options.layer_rates(network.sizes),
            limit or TimeLimit.of(options.max_time),
        )

    def open(self) -> Session:
        """Open a session on the network as it is at the beginning."""
        return open_session(
            self.engine,
            self.network,
            self.objective,
            self.optimizer,
            self.optimizer_state,
            self.n_threads,
            self.layer_rates,
        )

    def train(
        self, watchers: Sequence[Watcher] = (), *, keeping: Keeping | None = None, ends_on_interrupt: bool = False
    ) -> Trained:
        """Train to the end.

        Parameters
        ----------
        watchers : sequence of Watcher
        keeping : Keeping, optional
            Where the state is kept, and gone on from.
        ends_on_interrupt : bool, default False
            Whether Ctrl-C ends training with a warning and keeps what was reached.

        Raises
        ------
        InvalidInputError
            If the state of L-BFGS is to be kept.
        """
        if self.line_search is not None:
            if keeping is not None:
                raise InvalidInputError(
                    "The solver 'lbfgs' keeps no checkpoints: SciPy does not give out its memory of past steps. "
                    "Use another solver, or keep none."
                )
            return self._train_lbfgs(self.line_search, watchers, ends_on_interrupt)
        with (keeping or _nowhere)(self) as (run, keepers):
            session, ended = run.open(), _HowItEnded()
            everybody: list[Watcher] = [ended, *watchers, *keepers]
            try:
                drive(train(session, run.examples, run.plan, run.state, run.validation, run.limit), everybody)
            except KeyboardInterrupt:
                if not ends_on_interrupt:
                    raise
                warnings.warn("Training interrupted by user.", stacklevel=5)
                restore_best(session, run.state)
                end = TrainingEnded("interrupted", run.state.epoch, run.state.stopping.best_epoch or run.state.epoch)
                for watcher in everybody:
                    watcher(end)
            return Trained(session.network(), run.state, ended.reason, session.optimizer_state())

    def _train_lbfgs(self, limits: LineSearchLimits, watchers: Sequence[Watcher], ends_on_interrupt: bool) -> Trained:
        from backlit.training.lbfgs import train_lbfgs  # SciPy's optimizers take a while, and most runs need none

        if not isinstance(self.examples, Examples):
            raise InvalidInputError(
                "The solver 'lbfgs' looks at all rows in each step, which are too many for memory. Use another."
            )
        session = self.open()
        search, reason = train_lbfgs(
            session,
            self.examples,
            limits,
            self.state,
            self.validation,
            stopping=self.plan.stopping,
            watchers=watchers,
            ends_on_interrupt=ends_on_interrupt,
            limit=self.limit,
        )
        return Trained(session.network(), self.state, reason, session.optimizer_state(), search)


Keeping: TypeAlias = Callable[[Run], AbstractContextManager[tuple[Run, Sequence[Watcher]]]]
"""Holds a place where the state of a run is kept: gives the run, from where it was left, and who keeps what follows."""


def _nowhere(run: Run) -> AbstractContextManager[tuple[Run, Sequence[Watcher]]]:
    return contextlib.nullcontext((run, ()))


@dataclass
class _HowItEnded:
    reason: Reason = "interrupted"

    def __call__(self, event: Event) -> None:
        if isinstance(event, TrainingEnded):
            self.reason = event.reason
