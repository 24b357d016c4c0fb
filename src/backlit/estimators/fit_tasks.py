"""scikit-learn's own callbacks: a fit is a task of theirs, and each of its epochs a subtask.

`set_callbacks` takes what `sklearn.callback` has, such as `ProgressBar` and `ScoringMonitor`; pipelines and searches
that have callbacks hand them on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backlit.core.network import Network
from backlit.training.events import EpochEnded, EpochSettled, Event, TrainingEnded, TrainingStarted


class FitTasks:
    """Tells scikit-learn's callbacks of a training: a watcher.

    Parameters
    ----------
    estimator : estimator
    X, y : array-like
        The rows that it was given.
    as_fitted : callable
        Network → the estimator as if it had been fitted to it.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, as_fitted: Callable[[Network], Any]) -> None:
        self._as_fitted = as_fitted
        self._given = {"estimator": estimator, "X": X, "y": y}
        self._fit: Any = None
        self._epoch: Any = None

    def __call__(self, event: Event) -> bool:
        """Begin and end tasks; True where a callback asks to stop."""
        match event:
            case TrainingStarted():
                n_epochs = event.n_epochs - event.first_epoch + 1
                self._fit = self._given["estimator"]._init_callback_context(max_subtasks=n_epochs)
                self._fit.call_on_fit_task_begin(**self._given)
                self._begin_epoch()
            case EpochEnded(session=session) if session is not None:
                return bool(
                    self._epoch.call_on_fit_task_end(
                        **self._given, reconstruction_attributes=lambda: vars(self._as_fitted(session.network()))
                    )
                )
            case EpochSettled(is_last=False):
                self._begin_epoch()
            case TrainingEnded():
                self._fit.call_on_fit_task_end(**self._given)
        return False

    def _begin_epoch(self) -> None:
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._given)


def are_asked_for(estimator: Any) -> bool:
    """Tell whether an estimator, or what it is a part of, has callbacks of scikit-learn."""
    return bool(getattr(estimator, "_skl_callbacks", None)) or hasattr(estimator, "_parent_callback_ctx")
