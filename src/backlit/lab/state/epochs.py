"""Epochs of training, by the one `Run`: from a moment of a lab's history to a later one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from backlit.errors import InvalidInputError
from backlit.lab.data.dataset import Dataset
from backlit.lab.state.deeds import EpochWith, Moment
from backlit.training.events import Watcher
from backlit.training.examples import Examples, Validation
from backlit.training.options import FitOptions
from backlit.training.run import Run
from backlit.training.state import TrainingState

if TYPE_CHECKING:
    from backlit.engine.protocol import Session

FOREVER = 10**9
"""Epochs, where somebody plays until he pauses."""


def train_on(
    data: Dataset, loss: str, moment: Moment, deed: EpochWith, count: int, watchers: Sequence[Watcher] = ()
) -> Moment:
    """Train for some epochs.

    Parameters
    ----------
    data : Dataset
    loss : str
    moment : Moment
        Where to begin. Where an epoch of the same options led there, training goes on as if it had not stopped.
    deed : EpochWith
    count : int
        Most epochs; watchers may end it before.
    watchers : sequence of Watcher

    Returns
    -------
    Moment
    """
    options = FitOptions(
        solver=deed.solver,
        learning_rate=deed.rate,
        batch_size=None if deed.batch_size is None else min(deed.batch_size, len(data.training_rows)),
        l2=deed.l2,
        alpha=0.0,
        seed=deed.seed,
    )
    goes_on = moment.by == deed and moment.training is not None
    state = copied(moment.training) if goes_on else TrainingState(deed.seed, deed.rate, epoch=moment.epochs)
    run = Run.of(
        options,
        moment.network,
        loss,
        training_examples(data),
        validation(data),
        state=state,
        optimizer_state=moment.optimizer if goes_on else None,
        n_epochs=state.epoch + count,
    )
    trained = run.train(watchers)
    return Moment(trained.network, trained.state.epoch, deed, copied(trained.state), trained.optimizer_state)


def moment_of(state: TrainingState, session: Session, deed: EpochWith) -> Moment:
    """Return the moment that a training has come to, apart from what follows."""
    return Moment(session.network(), state.epoch, deed, copied(state), session.optimizer_state())


def copied(state: TrainingState | None) -> TrainingState:
    """Return a state that another run may bring forward; its past records stay where they are."""
    assert state is not None
    return replace(state, history=[], stopping=replace(state.stopping))


def training_examples(data: Dataset) -> Examples:
    """Return the rows to train on."""
    if data.y is None:
        raise InvalidInputError("These data have no target y, so there is nothing to train on. Upload rows with it.")
    return Examples(data.x, data.y).copy(data.training_rows)


def validation(data: Dataset) -> Validation | None:
    """Return the rows that are held out, where there are any, and how they are scored."""
    if data.y is None or not len(data.validation_rows) or data.target is None:
        return None
    held_out = Examples(data.x, data.y).copy(data.validation_rows)
    return Validation(held_out, data.target.metric(held_out.y), data.target.metric_name)
