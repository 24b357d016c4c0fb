"""`find_learning_rate`: which learning rate suits an estimator and its data."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from backlit.errors import InvalidInputError
from backlit.estimators.base import BaseMLP
from backlit.estimators.fit_options import fit_options
from backlit.training.rate_search import HIGHEST, LOWEST, N_STEPS, RateSearch, rates_between, search_rates
from backlit.training.run import Run


def find_learning_rate(
    estimator: BaseMLP,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    n_steps: int = N_STEPS,
) -> RateSearch:
    """Try learning rates from low to high, and suggest one for `learning_rate_init`.

    A copy of the estimator takes one step per mini-batch from its initial weights, each at a higher rate, until the
    cost explodes. The estimator is left as it is.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its solver, penalty, batch size and so on are those that the suggestion is for.
    X, y, sample_weight
        See ``estimator.fit``.
    lowest, highest : float, default 1e-6 and 10
        The first and the last rate.
    n_steps : int, default 200
        Rates to try, each the same multiple of the one before.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = MLPClassifier((50,), batch_size=64, random_state=0)
    >>> found = find_learning_rate(classifier, X / 16.0, y)
    >>> 0.005 < found.suggestion < 0.05
    True
    """
    if not isinstance(estimator, BaseMLP):
        raise InvalidInputError(
            f"An MLPClassifier or MLPRegressor is needed, but a {type(estimator).__name__} came. "
            "Of a pipeline give its last step, and X as the steps before make it."
        )
    copy = clone(estimator)
    copy._validate_params()
    start = copy._start(X, y, sample_weight, incremental=False, classes=None, anew=True)
    options = fit_options(copy._parameters(), seed=start.continuation.seed)
    run = Run.of(options, start.network, copy.loss, start.examples)
    return search_rates(run, rates_between(lowest, highest, n_steps))
