"""What `verbose=True` prints: scikit-learn's lines."""

from __future__ import annotations

from dataclasses import dataclass

from backlit.training.events import EpochEnded, Event, TrainingEnded
from backlit.training.stopping import EarlyStopping

_WATCHED = {"cost": "Training loss", "validation_cost": "Validation loss", "validation_metric": "Validation score"}


@dataclass
class Printer:
    """A listener that prints a line per epoch.

    Attributes
    ----------
    stopping : EarlyStopping or None
        What is watched.
    first_epoch : int
        Epochs done before this fit, which counts its own.
    """

    stopping: EarlyStopping | None = None
    first_epoch: int = 0

    def __call__(self, event: Event) -> None:
        """Print what an event says."""
        if isinstance(event, EpochEnded):
            record = event.record
            print(f"Iteration {record.epoch - self.first_epoch}, loss = {record.cost:.8f}")
            if record.validation_metric is not None:
                print(f"Validation score: {record.validation_metric:f}")
        elif isinstance(event, TrainingEnded) and event.reason == "no improvement" and self.stopping is not None:
            watched = _WATCHED[self.stopping.monitor]
            print(
                f"{watched} did not improve more than tol={self.stopping.tolerance:f} "
                f"for {self.stopping.patience:g} consecutive epochs. Stopping."
            )
