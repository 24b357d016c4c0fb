"""Rows that are not trained on: given by the user or split off, and how the network is scored on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from backlit.core.network import Network
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.estimators.inputs import as_input, check_examples, for_scorers
from backlit.estimators.parameters import make_stopping
from backlit.estimators.start import Start, check_weight
from backlit.training.examples import Examples, Validation
from backlit.training.split import split_rows


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Validation rows, as scorers and as the network see them.

    Attributes
    ----------
    X, y : array-like
    examples : Examples
    score : callable
        ``a^L → float``, by the estimator's own measure.
    """

    X: Any
    y: Any
    examples: Examples
    score: Callable[[Floats], float]


def check_given(estimator: Any, start: Start, X_val: Any, y_val: Any, sample_weight_val: Any) -> HeldOut | None:
    """Return the validation rows that the user gave, or None.

    Parameters
    ----------
    estimator : BaseMLP
    start : Start
        Of the training rows: X_val must have their columns, and y_val their classes.
    X_val, y_val, sample_weight_val
        See `MLPClassifier.fit`.
    """
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        raise InvalidInputError(
            f"Validation data need both X_val and y_val, but {'X_val' if X_val is None else 'y_val'} did not come."
        )
    X, y = check_examples(estimator, X_val, y_val, start.encoder, reset=False)
    dtype = start.network.dtype
    x = as_input(X, dtype)
    targets = start.targets.others(y)
    weight = check_weight(sample_weight_val, x)
    if start.class_weights is not None:
        weight = start.class_weights.times(y, weight, dtype)
    rows = for_scorers(X_val, X, start.encoder)
    return HeldOut(
        rows, y, Examples(x, targets.values, weight), lambda outputs: targets.score(outputs, slice(None), weight)
    )


def hold_out(estimator: Any, start: Start, given: HeldOut | None) -> tuple[Examples, HeldOut | None]:
    """Return the rows to train on and those to validate on, split by `validation_fraction` where none were given."""
    if given is not None or make_stopping(estimator).monitor == "cost":
        return start.examples, given
    targets, seed = start.targets, start.continuation.seed
    if targets.classes is not None:
        _check_both_sides_can_have(targets.classes, targets.fitted["classes_"])
    fraction = float(estimator.validation_fraction)
    rows, held_out_rows = split_rows(len(start.examples), fraction, seed, targets.classes)
    training, held_out = start.examples.only(rows), start.examples.copy(held_out_rows)
    weight = start.examples.sample_weight
    for part, its_rows in (("training", rows), ("validation", held_out_rows)):
        if weight is not None and not weight[its_rows].any():
            raise InvalidInputError(
                f"All rows that fell to the {part} set have a sample weight of 0. "
                "Leave such rows out of X and y, or change validation_fraction or random_state."
            )

    def score(outputs: Floats) -> float:
        return targets.score(outputs, held_out_rows, held_out.sample_weight)

    X, y = _safe_indexing(start.X, held_out_rows), _safe_indexing(start.y, held_out_rows)
    return training, HeldOut(X, y, held_out, score)


def make_validation(estimator: Any, start: Start, held_out: HeldOut | None) -> Validation | None:
    """Return how to validate: by the estimator's own measure, or by the scorer that it was given."""
    if estimator.scoring is None:
        return None if held_out is None else Validation(held_out.examples, held_out.score)
    from sklearn.metrics import check_scoring  # takes 50 ms, which most programs can do without

    scorer = check_scoring(estimator, estimator.scoring)  # an unknown one is refused also where none is needed
    if held_out is None:
        return None
    weight = held_out.examples.sample_weight
    options = {} if weight is None else {"sample_weight": weight}

    def score(network: Network) -> float:
        return float(scorer(estimator._as_fitted(network, start), held_out.X, held_out.y, **options))

    return Validation(held_out.examples, held_out.score, _name(estimator.scoring), score)


def _name(scoring: Any) -> str:
    return scoring if isinstance(scoring, str) else getattr(scoring, "__qualname__", None) or repr(scoring)


def _check_both_sides_can_have(index: NDArray[Any], classes: NDArray[Any]) -> None:
    # of more than two classes, those with a single row stay in training
    counts = np.bincount(index)
    if len(counts) == 2 and counts.min() == 1:
        # in scikit-learn's words, which call two classes False and True
        raise InvalidInputError(
            "The least populated classes in y have only 1 member, which cannot be both trained on and validated. "
            f"Classes with too few members are: ['{counts.argmin() == 1}'] of y == {classes.tolist()[1]!r}. "
            "Give more rows, or train without early stopping."
        )
