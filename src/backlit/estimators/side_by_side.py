"""Independent fits side by side, on threads of one process.

A small network is fitted fastest on one processor, so what fills several is several fits: seeds, folds, settings. The
native engine works without the interpreter's lock, so threads do, and the data are in memory once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed  # type: ignore[import-untyped]

from backlit.errors import InvalidInputError

Estimator = TypeVar("Estimator")


def fit_many(
    estimators: Sequence[Estimator], X: Any, y: Any, *, sample_weight: Any = None, n_jobs: int | None = None
) -> list[Estimator]:
    """Fit estimators on the same examples, several at a time.

    What comes out does not depend on `n_jobs`: each estimator is as its own `fit` makes it.

    Parameters
    ----------
    estimators : sequence of estimator
        Any with scikit-learn's `fit`; each is fitted itself, not a copy.
    X, y
        See `MLPClassifier.fit`.
    sample_weight : array-like, ``(n_examples,)``, optional
    n_jobs : int, optional
        How many at a time. Default: as many as there are processors, whose threads they share.

    Returns
    -------
    list of estimator
        The same, in the same order.

    Raises
    ------
    InvalidInputError
        If an estimator is there twice, or if two draw from the same RandomState, so that who comes first would matter.

    Examples
    --------
    >>> import backlit as bl
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> seeds = [bl.MLPClassifier((20,), solver="lbfgs", random_state=seed) for seed in range(4)]
    >>> [model.score(X, y) > 0.95 for model in bl.fit_many(seeds, X, y)]
    [True, True, True, True]

    Or each setting of a grid::

        models = [sklearn.base.clone(model).set_params(**setting) for setting in ParameterGrid(grid)]
    """
    estimators = list(estimators)
    if not all(hasattr(estimator, "fit") for estimator in estimators):
        raise InvalidInputError(
            f"fit_many takes a list of estimators, but {[type(estimator).__name__ for estimator in estimators]} came."
        )
    if len(set(map(id, estimators))) < len(estimators):
        raise InvalidInputError("An estimator is in the list twice. Give each fit its own: sklearn.base.clone(model).")
    _refuse_shared_randomness(estimators)
    options = {} if sample_weight is None else {"sample_weight": sample_weight}
    fit = delayed(lambda estimator: estimator.fit(X, y, **options))
    return list(Parallel(n_jobs=-1 if n_jobs is None else n_jobs, backend="threading")(map(fit, estimators)))


def _refuse_shared_randomness(estimators: Sequence[Any]) -> None:
    generators = [
        {id(value) for value in estimator.get_params().values() if isinstance(value, np.random.RandomState)}
        for estimator in estimators
    ]
    if any(n > 1 for n in Counter(each for ids in generators for each in ids).values()):
        raise InvalidInputError(
            "Two estimators draw from the same RandomState, so the result would depend on which of them comes first. "
            "Give each a number of its own: random_state=0, 1, …"
        )
