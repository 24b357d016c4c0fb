"""Ending trials of an Optuna study that do not promise anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from backlit.errors import InvalidInputError, MissingExtraError, UnknownNameError
from backlit.training.events import EpochEnded, Event

if TYPE_CHECKING:
    from optuna import Trial

Monitor = Literal["cost", "validation_cost", "validation_metric"]
_DIRECTIONS = {"cost": "minimize", "validation_cost": "minimize", "validation_metric": "maximize"}


class OptunaPruning:
    """Reports each epoch to a trial of Optuna, and ends the trial where Optuna's pruner says so.

    Give it to an estimator among its ``callbacks``, or to `TableModel.train` among its ``listeners``.

    Parameters
    ----------
    trial : optuna.Trial
    monitor : {"validation_metric", "validation_cost", "cost"}, default "validation_metric"
        What is reported; the first two need validation data, such as ``early_stopping=True`` sets aside. The study must
        maximize for "validation_metric" and minimize for the others.

    Raises
    ------
    optuna.TrialPruned
        At the end of an epoch, out of ``fit``; Optuna expects it. The estimator is then as it was before the fit.
    """

    def __init__(self, trial: Trial, monitor: Monitor = "validation_metric") -> None:
        if monitor not in _DIRECTIONS:
            raise UnknownNameError("monitor", monitor, _DIRECTIONS)
        try:
            import optuna
        except ImportError:
            raise MissingExtraError("Pruning by Optuna", "optuna") from None
        wanted = _DIRECTIONS[monitor]
        study = getattr(trial, "study", None)  # a FixedTrial has none
        direction = wanted if study is None else study.direction.name.lower()
        if direction != wanted:
            raise InvalidInputError(
                f"The study is to {direction}, but {monitor} is to be {wanted}d, so that the pruner would end the good "
                f"trials. Use create_study(direction={wanted!r}), or another monitor."
            )
        self._pruned = optuna.TrialPruned
        self._trial, self._monitor = trial, monitor

    def __deepcopy__(self, memo: Any) -> OptunaPruning:
        # scikit-learn clones estimators with their callbacks, but there is one trial, with its connection to the study
        return self

    def __call__(self, event: Event) -> None:
        """Report the end of an epoch."""
        if not isinstance(event, EpochEnded):
            return
        value = getattr(event.record, self._monitor)
        if value is None:
            raise InvalidInputError(
                f"There is no {self._monitor} to report: there is no validation data. Set early_stopping=True, or "
                "monitor='cost'."
            )
        if math.isfinite(value):
            self._trial.report(value, event.record.epoch - 1)  # pruners count their warm-up from 0
        if self._trial.should_prune():
            raise self._pruned(f"Pruned after epoch {event.record.epoch}: {self._monitor} {value:.4g}.")
