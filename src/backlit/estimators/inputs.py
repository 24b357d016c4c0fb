"""X and y of any kind: checked, and as the network sees them.

Without `categorical_features` and `missing_values` X is what scikit-learn takes, and goes into the network as it is.
With one of them X is a table, and goes through a `TableEncoder` that was learned from the training rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from backlit.data import TableEncoder
from backlit.data.table_view import TableView
from backlit.data.value_types import is_float32, refuse_masked, refuse_times
from backlit.engine.protocol import Floats, Inputs
from backlit.errors import DataError, InvalidInputError
from backlit.estimators.option_objects import WithOptionObjects
from backlit.estimators.scikit_learn import check_sample_weight, check_y

_FEW_VALUES = 2**16
"""Arrays of more numbers take so long that validation is not felt."""


def _kinds(X: Any) -> dict[str, Any]:
    # scikit-learn knows the dtype of NumPy's and pandas' own columns alone
    dtype: Any = np.float32 if is_float32(X) else (np.float64, np.float32)
    if _are_bytes(X):
        dtype = np.uint8
    return {"accept_sparse": ["csr", "csc"], "dtype": dtype}


def _are_bytes(X: Any) -> bool:
    """Tell whether X is an array of pixels and the like, which engines take as they are."""
    return isinstance(X, np.ndarray) and X.dtype == np.uint8


class TakesInputs(WithOptionObjects, ABC):
    """An estimator that checks X and y, and knows X's columns: `n_features_in_`, `feature_names_in_`, `encoder_`."""

    categorical_features: Any
    missing_values: str
    dtype: Any
    encoder_: TableEncoder | None
    n_features_in_: int

    @abstractmethod
    def _check_targets_as_given(self, y: Any) -> None:
        """Raise for what NumPy would make something else of."""

    @abstractmethod
    def _check_target_type(self, y: Any) -> None:
        """Raise if y is not what this estimator learns."""

    def _takes_tables(self) -> bool:
        """Whether X goes through a `TableEncoder`."""
        return self.categorical_features is not None or self.missing_values == "encode"

    def _learn_encoder(self, X: Any) -> TableEncoder | None:
        """Return the encoder that the parameters ask for, learned from the training rows, or None."""
        if not self._takes_tables():
            return None
        dtype = self.dtype
        if dtype is None:
            dtype = "float32" if is_float32(X, tables=True) else "float64"
        chosen = "from_dtype" if self.categorical_features is None else self.categorical_features
        return TableEncoder(np.dtype(dtype).name, categorical_features=chosen).fit(X)

    def _check_rows(self, X: Any) -> Any:
        """Return rows to predict, as an array or a CSR matrix."""
        encoder = getattr(self, "encoder_", None)
        if encoder is not None:
            return self._encoded(X, encoder, reset=False)
        if self._is_plain(X) and 0 < X.size <= _FEW_VALUES and np.isfinite(X).all():
            return X
        refuse_masked(X, "X")
        refuse_times(X)
        X = validate_data(self, X, reset=False, **_kinds(X))
        return X if isinstance(X, np.ndarray) else X.tocsr()  # whose rows can be cut

    def _is_plain(self, X: Any) -> bool:
        """Tell of rows to predict whether they are an array that can only be wrong by NaN or infinity.

        scikit-learn takes longer to validate than a small network to predict. Of such an array it would find no more;
        all else goes through it, which also words the errors.
        """
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in (np.float32, np.float64)
            and len(X) > 0
            and X.shape[1] == self.n_features_in_
            and not hasattr(self, "feature_names_in_")
            and getattr(self, "encoder_", None) is None
        )

    def _check_examples(self, X: Any, y: Any, encoder: TableEncoder | None, *, reset: bool) -> tuple[Any, Any]:
        """Return examples with their targets.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
        y : array-like, ``(n_examples,)`` or ``(n_examples, n_out)``
        encoder : TableEncoder or None
            What X goes through.
        reset : bool
            Whether X's columns are to be learned, rather than to be those of before.
        """
        self._check_targets_as_given(y)
        if encoder is None:
            refuse_masked(X, "X")
            refuse_times(X)
            X, y = validate_data(self, X, y, multi_output=True, reset=reset, **_kinds(X))
        else:
            X = self._encoded(X, encoder, reset=reset, y=y)
            y = check_y(y, multi_output=True, estimator=self)
            check_consistent_length(X, y)
        self._check_target_type(y)
        if y.ndim == 2 and y.shape[1] == 1 and isinstance(y, np.ndarray):
            y = column_or_1d(y, warn=True)
        return X, y

    def _encoded(self, X: Any, encoder: TableEncoder, *, reset: bool, y: Any = "no_validation") -> Any:
        view = TableView(X)  # which refuses what is no table
        if view.n_rows == 0:
            raise DataError("Found array with 0 sample(s) (no rows), while a minimum of 1 is required.")
        # names and number of the columns, and that there is a y, in scikit-learn's way
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        if self.missing_values == "refuse":
            for j, name in enumerate(view.names):
                if view.gaps(j):
                    raise DataError(
                        f"Input X contains NaN or other missing values, first in column {name!r}. Fill them in, or let "
                        "missing_values='encode' tell the network where values are missing."
                    )
        return encoder.transform(X)


def for_scorers(X: Any, checked: Any, encoder: TableEncoder | None) -> Any:
    """Return X as scorers are to see it: data frames as they came, and all else as arrays whose rows can be cut."""
    if hasattr(X, "columns"):
        return X
    return checked if encoder is None else np.asarray(X)


def check_weight(sample_weight: Any, x: Inputs, dtype: str) -> Floats | None:
    """Return sample weights as an array of the network's dtype, ``(n_examples,)``, or None."""
    if sample_weight is None:
        return None
    kind: Any = np.dtype(dtype)  # of a name scikit-learn makes float64
    checked: Floats = check_sample_weight(sample_weight, x, dtype=kind, ensure_non_negative=True)
    return checked


def as_input(X: Any, dtype: str) -> Inputs:
    """Return x as the network is trained and asked with: of its dtype, or bytes; sparse by rows where X is sparse."""
    if _are_bytes(X):
        return np.ascontiguousarray(X)
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
