"""X and y of any kind that scikit-learn takes: checked, and as the network sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError

_KINDS: dict[str, Any] = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}


def check_rows(estimator: Any, X: Any) -> Any:
    """Return rows to predict, as an array or a CSR matrix."""
    X = validate_data(estimator, X, reset=False, **_KINDS)
    return X if isinstance(X, np.ndarray) else X.tocsr()  # whose rows can be cut


def check_examples(estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
    """Return examples with their targets.

    Parameters
    ----------
    estimator : BaseMLP
    X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
    y : array-like, ``(n_examples,)`` or ``(n_examples, n_out)``
    reset : bool
        Whether X's columns are to be learned, rather than to be those of before.
    """
    X, y = validate_data(estimator, X, y, multi_output=True, reset=reset, **_KINDS)
    estimator._check_target_type(y)
    if y.ndim == 2 and y.shape[1] == 1 and isinstance(y, np.ndarray):
        y = column_or_1d(y, warn=True)
    return X, y


def as_matrix(X: Any, dtype: str) -> Floats:
    """Return x as the network sees it: dense, and of its dtype."""
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(X if isinstance(X, np.ndarray) else X.toarray(), dtype=dtype)
    if x.dtype != X.dtype and not np.isfinite(x).all():
        raise InvalidInputError(f"X holds values too large for {dtype}. Scale them, or use dtype='float64'.")
    return x
