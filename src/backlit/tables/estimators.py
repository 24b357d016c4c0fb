"""`TabularClassifier` and `TabularRegressor`: a `TableModel` behind the face of a scikit-learn estimator."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from backlit.data.classes import class_codes
from backlit.data.value_types import refuse_all_but_numbers, refuse_odd_labels
from backlit.engine.protocol import Floats
from backlit.errors import DataError
from backlit.tables.estimator_base import BaseTabular
from backlit.tables.evaluation import single_rows
from backlit.tables.model import TableModel
from backlit.tables.table_target import Task

_PARAMETER_WORDS = """preset : {"tabular", "tabular-best", "plain"}, default "tabular"
        What the options are that are not given; see `backlit.tables.presets`.
    members : int, optional
        Networks that are trained together and predict together. Default: what the preset says, as for `epochs`.
    epochs : int, optional
        Most passes over the rows.
    max_time : float, optional
        Seconds in which `fit` ends, with as many epochs as there is time for. Default: no limit.
    validation_fraction : float, default 0.1
        Share of the rows that tell which epoch was best; 0 for none.
    columns : dict, ColumnChoices or TableSchema, optional
        What is known of the columns: ``{"zip": "category", "when": "date:%d/%m/%Y"}``. The rest is decided from their
        cells.
    options : dict, optional
        More options of `TableTraining`, by their names: ``{"hidden": (64,), "learning_rate": 0.01}``.
    random_state : int, RandomState instance or None, default None
        An int gives the same model each time.
    n_threads : int, optional
        Most threads to use. Results do not depend on it.
    verbose : int, default 0
        1 prints what each column was taken for, and other remarks; 0 warns of what was lost of the table."""

_ATTRIBUTE_WORDS = """model_ : TableModel
        What was learned; it explains, saves and exports.
    n_iter_ : int
        Epochs that were trained.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where X had names."""


def _documented(cls: type) -> type:
    """Fill the parts that both classes share into a class's docstring."""
    assert cls.__doc__ is not None
    cls.__doc__ = cls.__doc__.replace("{PARAMETERS}", _PARAMETER_WORDS).replace("{ATTRIBUTES}", _ATTRIBUTE_WORDS)
    return cls


@_documented
class TabularClassifier(ClassifierMixin, BaseTabular):  # type: ignore[misc]
    """Tells classes apart by the columns of a raw table, with options that suit tables without tuning.

    Parameters
    ----------
    {PARAMETERS}

    Attributes
    ----------
    classes_ : ndarray, ``(n_classes,)``
        Sorted, of the type of y.
    {ATTRIBUTES}

    Examples
    --------
    >>> import polars as pl
    >>> X = pl.DataFrame({"size": [1.5, 2.5, None, 9.0, 8.0, 7.5] * 4, "color": ["red", "red", "blue"] * 8})
    >>> y = ["small", "small", "small", "large", "large", "large"] * 4
    >>> classifier = TabularClassifier(epochs=20, random_state=0).fit(X, y)
    >>> classifier.predict(X[:2]).tolist()
    ['small', 'small']
    >>> classifier.predict_proba(X).shape
    (24, 2)
    """

    _task: Task = "classification"
    classes_: NDArray[Any]

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row, ``(n_rows,)``, of the type of y.

        Parameters
        ----------
        X : data frame, or array-like of shape (n_rows, n_columns)
        """
        values = self._predictions(X).values
        learned = self.model_.target.classes or ()
        place = {learned[j]: i for i, j in enumerate(self._outputs_of_classes())}
        return self.classes_[[place[value] for value in values]]

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, ``(n_rows, n_classes)``, in the order of `classes_`.

        Parameters
        ----------
        X : data frame, or array-like of shape (n_rows, n_columns)
        """
        probabilities = self._predictions(X).probabilities
        assert probabilities is not None
        return probabilities[:, self._outputs_of_classes()]

    def _outputs_of_classes(self) -> NDArray[np.int64]:
        return class_codes(self.classes_, list(self.model_.target.classes or ()))

    def _check_target(self, y: Any) -> NDArray[Any]:
        refuse_odd_labels(y)
        checked: NDArray[Any] = column_or_1d(y, warn=True)
        assert_all_finite(checked, input_name="y")
        check_classification_targets(checked)
        if len(np.unique(checked)) < 2:
            raise DataError(
                f"y has 1 class, {checked[:1].tolist()[0]!r}, but at least 2 are needed to tell them apart."
            )
        return checked

    def _keep(self, model: TableModel, target: NDArray[Any]) -> None:
        classes, counts = np.unique(target, return_counts=True)
        learned = list(model.target.classes or ())
        if len(learned) < len(classes):
            codes = class_codes(classes, learned, unseen="mark").tolist()
            lost = [label for i, label in enumerate(classes.tolist()) if codes[i] < 0 or codes.count(codes[i]) > 1]
            listed = ", ".join(map(repr, lost[:5]))
            raise DataError(
                f"The labels {listed} are lost when the table is read: they stand for gaps, or are others but for "
                "blanks around them. Give them other names."
            )
        super()._keep(model, target)
        self.classes_ = classes
        if not self.verbose and (remark := single_rows(classes.tolist(), counts)):
            warnings.warn(remark, UserWarning, stacklevel=3)


@_documented
class TabularRegressor(RegressorMixin, BaseTabular):  # type: ignore[misc]
    """Predicts a number from the columns of a raw table, with options that suit tables without tuning.

    Parameters
    ----------
    {PARAMETERS}

    Attributes
    ----------
    {ATTRIBUTES}

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"rooms": [1, 2, 3, 4, 5, 6] * 4, "heating": ["gas", None, "oil"] * 8})
    >>> regressor = TabularRegressor(epochs=20, random_state=0).fit(X, pd.Series(50 * X["rooms"], name="price"))
    >>> regressor.predict(X[:3]).shape
    (3,)
    >>> regressor.model_.target.name
    'price'
    """

    _task: Task = "regression"

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the prediction for each row, ``(n_rows,)``.

        Parameters
        ----------
        X : data frame, or array-like of shape (n_rows, n_columns)
        """
        return self._predictions(X).values

    def _check_target(self, y: Any) -> NDArray[Any]:
        refuse_all_but_numbers(y)
        checked: NDArray[Any] = column_or_1d(y, warn=True)
        if checked.dtype.kind == "c":
            raise DataError("Complex data not supported: y must hold real numbers. Give its real part.")
        checked = checked.astype(np.float64)
        assert_all_finite(checked, input_name="y")
        return checked
