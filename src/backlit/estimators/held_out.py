"""Rows that are not trained on: given by the user or split off, and how the network is scored on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.core.network import Network
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.estimators.going_on import Start
from backlit.estimators.scikit_learn import rows_of
from backlit.training.examples import Examples, Validation, split_rows

Scorer: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Validation rows, as scorers and as the network see them.

    Attributes
    ----------
    as_given : callable
        Gives X and y as scorers see them; few fits have a scorer, and a copy of rows takes time.
    examples : Examples
    score : callable
        ``a^L → float``, by the estimator's own measure.
    """

    as_given: Callable[[], tuple[Any, Any]]
    examples: Examples
    score: Callable[[Floats], float]

    def scored_by(self, scoring: Any, scorer: Scorer, as_fitted: Callable[[Network], object]) -> Validation:
        """Return how to validate with one of scikit-learn's scorers.

        Parameters
        ----------
        scoring : str or callable
            What the user asked for.
        scorer : callable
            ``(estimator, X, y, sample_weight=) → float``.
        as_fitted : callable
            Network → the estimator as if training had ended with it.
        """
        weight = self.examples.sample_weight
        options = {} if weight is None else {"sample_weight": weight}
        X, y = self.as_given()

        def score(network: Network) -> float:
            return float(scorer(as_fitted(network), X, y, **options))

        return Validation(self.examples, self.score, name_of(scoring), score)


def hold_out(start: Start, fraction: float) -> tuple[Examples, HeldOut]:
    """Return the rows to train on, and a share of the rows to validate on."""
    targets, seed = start.targets, start.continuation.seed
    if targets.classes is not None:
        _check_both_sides_can_have(targets.classes, targets.fitted["classes_"])
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

    def as_given() -> tuple[Any, Any]:
        return rows_of(start.X, held_out_rows), rows_of(start.y, held_out_rows)

    return training, HeldOut(as_given, held_out, score)


def name_of(scoring: Any) -> str:
    """Return what a scorer is called."""
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
