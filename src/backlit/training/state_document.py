"""The state of a training as plain JSON, exactly, and back."""

from __future__ import annotations

import math
from typing import Any

from backlit.core.network import Network
from backlit.errors import ModelFileError
from backlit.training.state import EpochRecord, TrainingState
from backlit.training.stopping import StoppingState

# JSON has no words for them
_NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def state_to_document(state: TrainingState) -> dict[str, Any]:
    """Return a state as plain JSON, without the best network."""
    stopping = state.stopping
    return {
        "seed": state.seed,
        "rate": _number(state.rate),
        "epoch": state.epoch,
        "rows_seen": state.rows_seen,
        "stopping": {
            "best": _number(stopping.best),
            "best_epoch": stopping.best_epoch,
            "waited": stopping.waited,
            "gave_up": stopping.gave_up,
        },
        "history": [
            [
                record.epoch,
                _number(record.cost),
                _number(record.learning_rate),
                _number(record.validation_cost),
                _number(record.validation_metric),
            ]
            for record in state.history
        ],
    }


def state_from_document(document: dict[str, Any], best: Network | None) -> TrainingState:
    """Return the state that `state_to_document` was given.

    Parameters
    ----------
    document : dict
        Not trusted.
    best : Network or None
        The network of the best epoch.

    Raises
    ------
    ModelFileError
        If the document is not as it must be.
    """
    try:
        stopping = document["stopping"]
        return TrainingState(
            seed=_count(document["seed"]),
            rate=_float(document["rate"]),
            epoch=_count(document["epoch"]),
            rows_seen=_count(document["rows_seen"]),
            stopping=StoppingState(
                _float(stopping["best"]),
                _count(stopping["best_epoch"]),
                _count(stopping["waited"]),
                _bool(stopping["gave_up"]),
            ),
            best=best,
            history=[
                EpochRecord(_count(epoch), _float(cost), _float(rate), _optional(validation), _optional(metric))
                for epoch, cost, rate, validation, metric in document["history"]
            ],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"its state of training cannot be used ({type(error).__name__}: {error}).") from error


def _number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(float(value))


def _float(value: object) -> float:
    if isinstance(value, str):
        return _NOT_FINITE[value]
    if type(value) not in (int, float):
        raise TypeError(f"{value!r} is not a number")
    return value  # type: ignore[return-value]


def _optional(value: object) -> float | None:
    return None if value is None else _float(value)


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**64:
        raise TypeError(f"{value!r} is not a count")
    return value


def _bool(value: object) -> bool:
    if type(value) is not bool:
        raise TypeError(f"{value!r} is neither true nor false")
    return value
