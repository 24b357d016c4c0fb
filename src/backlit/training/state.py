"""Where a training stands: what the next epoch depends on, and the history so far. Also as plain JSON, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backlit.core.network import Network
from backlit.documents.field import Field, Kind
from backlit.documents.strict_json import AS_PYTHON, plain
from backlit.errors import ModelFileError
from backlit.training.stopping import StoppingState


@dataclass(frozen=True)
class EpochRecord:
    """One line of the history. Epochs count from 1.

    Attributes
    ----------
    cost : float
        Mean of the batches' costs, each as it was met; the penalty included.
    validation_cost, validation_metric : float or None
        At the end of the epoch, where there is validation data; without the penalty.
    learning_rate : float
        At the last step.
    """

    epoch: int
    cost: float
    learning_rate: float
    validation_cost: float | None = None
    validation_metric: float | None = None


@dataclass(frozen=True)
class WithinEpoch:
    """What was done of an epoch that is not over.

    Attributes
    ----------
    steps : int
    cost, weight : float
        Sum of the batches' costs, each times its weight, and of their weights.
    """

    steps: int = 0
    cost: float = 0.0
    weight: float = 0.0

    def plus(self, steps: int, cost: float, weight: float) -> WithinEpoch:
        """Return it with some more steps."""
        return WithinEpoch(self.steps + steps, self.cost + cost, self.weight + weight)


@dataclass
class TrainingState:
    """Everything but the network and the optimizer's state that the next epoch depends on.

    Attributes
    ----------
    seed : int
        Source of the shuffles: the order of epoch e is a function of (seed, e).
    rate : float
        Base learning rate; an adaptive schedule changes it.
    epoch : int
        Epochs done.
    rows_seen : int
        Examples used, over all epochs.
    stopping : StoppingState
    best : Network or None
        The network, or the ensemble, of the best epoch, where it is to be restored.
    history : list of EpochRecord
    within : WithinEpoch
        Of the epoch after those that are done.
    average : Network or None
        The moving average of the weights, or the ensemble of the members' averages, where there is one.
    left_off : Network or None
        The weights themselves, once a training is over that gives back their average; in no checkpoint.
    """

    seed: int
    rate: float
    epoch: int = 0
    rows_seen: int = 0
    stopping: StoppingState = field(default_factory=StoppingState)
    best: Network | None = None
    history: list[EpochRecord] = field(default_factory=list)
    within: WithinEpoch = WithinEpoch()
    average: Network | None = None
    left_off: Network | None = None


_KIND = Kind(ModelFileError, "The checkpoint is damaged or was edited.", AS_PYTHON)


def state_to_document(state: TrainingState) -> dict[str, Any]:
    """Return a state as plain JSON, without its networks."""
    stopping = state.stopping
    within = {"within": vars(state.within)} if state.within.steps else {}
    document: dict[str, Any] = plain(
        within
        | {
            "seed": state.seed,
            "rate": state.rate,
            "epoch": state.epoch,
            "rows_seen": state.rows_seen,
            "stopping": {
                "best": stopping.best,
                "best_epoch": stopping.best_epoch,
                "waited": stopping.waited,
                "gave_up": stopping.gave_up,
            },
            "history": [
                [record.epoch, record.cost, record.learning_rate, record.validation_cost, record.validation_metric]
                for record in state.history
            ],
        },
        AS_PYTHON,
    )
    return document


def state_from_document(
    document: dict[str, Any], best: Network | None, average: Network | None = None
) -> TrainingState:
    """Return the state that `state_to_document` was given.

    Parameters
    ----------
    document : dict
        Not trusted. What a recorder wrote down may stand there as well, and is for the recorder to read.
    best : Network or None
        The network of the best epoch.
    average : Network or None
        The moving average of the weights.

    Raises
    ------
    ModelFileError
        Naming the field that is not as it must be.
    """
    names = ("seed", "rate", "epoch", "rows_seen", "stopping", "history")
    fields = Field(document, "state", _KIND).fields(*names, recorded=None, within=None)
    stopping = fields["stopping"].fields_of(StoppingState)
    return TrainingState(
        seed=_count(fields["seed"]),
        rate=fields["rate"].number(),
        epoch=_count(fields["epoch"]),
        rows_seen=_count(fields["rows_seen"]),
        stopping=StoppingState(
            stopping["best"].number(),
            _count(stopping["best_epoch"]),
            _count(stopping["waited"]),
            stopping["gave_up"].flag(),
        ),
        best=best,
        history=[_record(*row.parts(5)) for row in fields["history"].parts()],
        within=_within(fields["within"]),
        average=average,
    )


def _within(field: Field) -> WithinEpoch:
    if field.is_null:
        return WithinEpoch()
    fields = field.fields_of(WithinEpoch)
    return WithinEpoch(_count(fields["steps"]), fields["cost"].number(), fields["weight"].number())


def _record(epoch: Field, cost: Field, rate: Field, validation: Field, metric: Field) -> EpochRecord:
    optional = (None if field.is_null else field.number() for field in (validation, metric))
    return EpochRecord(_count(epoch), cost.number(), rate.number(), *optional)


def _count(field: Field) -> int:
    return field.whole(0, 2**64 - 1)
