"""X and y of any kind: checked, and as the network sees them.

Without `categorical_features` and `missing_values` X is what scikit-learn takes, and goes into the network as it is.
With one of them X is a table, and goes through a `TableEncoder` that was learned from the training rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import _check_y, validate_data

from backlit.data import TableEncoder
from backlit.data.table_view import TableView
from backlit.engine.protocol import Floats, Inputs
from backlit.errors import DataError, InvalidInputError

_FEW_VALUES = 2**16
"""Arrays of more numbers take so long that validation is not felt."""
_KINDS: dict[str, Any] = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}


def takes_tables(estimator: Any) -> bool:
    """Whether X goes through a `TableEncoder`."""
    return estimator.categorical_features is not None or estimator.missing_values == "encode"


def learn_encoder(estimator: Any, X: Any) -> TableEncoder | None:
    """Return the encoder that an estimator's parameters ask for, learned from the training rows, or None."""
    if not takes_tables(estimator):
        return None
    dtype = estimator.dtype
    if dtype is None:
        dtype = "float32" if getattr(X, "dtype", None) == np.float32 else "float64"
    chosen = "from_dtype" if estimator.categorical_features is None else estimator.categorical_features
    return TableEncoder(np.dtype(dtype).name, categorical_features=chosen).fit(X)


def check_rows(estimator: Any, X: Any) -> Any:
    """Return rows to predict, as an array or a CSR matrix."""
    encoder = getattr(estimator, "encoder_", None)
    if encoder is not None:
        return _encoded(estimator, X, encoder, reset=False)
    if _is_checked_quickly(estimator, X):
        return X
    X = validate_data(estimator, X, reset=False, **_KINDS)
    return X if isinstance(X, np.ndarray) else X.tocsr()  # whose rows can be cut


def _is_checked_quickly(estimator: Any, X: Any) -> bool:
    # scikit-learn takes longer to validate than a small network to predict. Of a small plain array it would find no
    # more than this; all else goes through it, which also words the errors.
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype in (np.float32, np.float64)
        and X.shape[1] == estimator.n_features_in_
        and 0 < X.size <= _FEW_VALUES
        and not hasattr(estimator, "feature_names_in_")
        and bool(np.isfinite(X).all())
    )


def check_examples(estimator: Any, X: Any, y: Any, encoder: TableEncoder | None, *, reset: bool) -> tuple[Any, Any]:
    """Return examples with their targets.

    Parameters
    ----------
    estimator : BaseMLP
    X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
    y : array-like, ``(n_examples,)`` or ``(n_examples, n_out)``
    encoder : TableEncoder or None
        What X goes through.
    reset : bool
        Whether X's columns are to be learned, rather than to be those of before.
    """
    if encoder is None:
        X, y = validate_data(estimator, X, y, multi_output=True, reset=reset, **_KINDS)
    else:
        X, y = _encoded(estimator, X, encoder, reset=reset, y=y), _check_y(y, multi_output=True, estimator=estimator)
        check_consistent_length(X, y)
    estimator._check_target_type(y)
    if y.ndim == 2 and y.shape[1] == 1 and isinstance(y, np.ndarray):
        y = column_or_1d(y, warn=True)
    return X, y


def for_scorers(X: Any, checked: Any, encoder: TableEncoder | None) -> Any:
    """Return X as scorers are to see it: data frames as they came, and all else as arrays whose rows can be cut."""
    if hasattr(X, "columns"):
        return X
    return checked if encoder is None else np.asarray(X)


def as_input(X: Any, dtype: str) -> Inputs:
    """Return x as the network is trained and asked with: of its dtype, and sparse by rows where X is sparse."""
    if isinstance(X, np.ndarray):
        return as_matrix(X, dtype)
    x = X.tocsr()
    with np.errstate(over="ignore"):
        x = x.astype(dtype, copy=False)
    _check_range(x.data, X.dtype)
    return x


def as_matrix(X: Any, dtype: str) -> Floats:
    """Return x as the network sees it: dense, and of its dtype."""
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(X if isinstance(X, np.ndarray) else X.toarray(), dtype=dtype)
    _check_range(x, X.dtype)
    return x


def _check_range(x: Floats, dtype_before: Any) -> None:
    if x.dtype != dtype_before and not np.isfinite(x).all():
        raise InvalidInputError(f"X holds values too large for {x.dtype}. Scale them, or use dtype='float64'.")


def _encoded(estimator: Any, X: Any, encoder: TableEncoder, *, reset: bool, y: Any = "no_validation") -> Any:
    view = TableView(X)  # which refuses what is no table
    if view.n_rows == 0:
        raise DataError("Found array with 0 sample(s) (no rows), while a minimum of 1 is required.")
    # names and number of the columns, and that there is a y, in scikit-learn's way
    validate_data(estimator, X, y, reset=reset, skip_check_array=True)
    if estimator.missing_values == "refuse":
        for j, name in enumerate(view.names):
            if view.gaps(j):
                raise DataError(
                    f"Input X contains NaN or other missing values, first in column {name!r}. Fill them in, or let "
                    "missing_values='encode' tell the network where values are missing."
                )
    return encoder.transform(X)
