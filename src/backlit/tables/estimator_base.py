"""What `TabularClassifier` and `TabularRegressor` share: parameters in, a `TableModel` out."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from backlit.data.frames import Frame, in_polars
from backlit.data.meaning import choices_of, losses
from backlit.data.table_view import TableView
from backlit.errors import DataError, InvalidInputError, UnknownNameError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.tables.results import Predictions
from backlit.tables.table_target import Task

if TYPE_CHECKING:
    from backlit.explanation.trace.network_with_examples import NetworkWithExamples
    from backlit.export.exportable import Exportable

_PARAMETERS = {
    "preset": "preset",
    "members": "members",
    "epochs": "epochs",
    "max_time": "max_time",
    "validation_fraction": "validation_fraction",
    "seed": "random_state",
    "n_threads": "n_threads",
}
"""Options of `TableTraining` that are parameters of their own → what those are called."""


class BaseTabular(BaseEstimator):  # type: ignore[misc]
    """What both estimators share; what y means is up to the classes derived from it."""

    _task: Task
    model_: TableModel
    n_iter_: int

    def __init__(
        self,
        preset: str = "tabular",
        *,
        members: int | None = None,
        epochs: int | None = None,
        max_time: float | None = None,
        validation_fraction: float = 0.1,
        columns: Any = None,
        options: Mapping[str, Any] | None = None,
        random_state: Any = None,
        n_threads: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.preset = preset
        self.members = members
        self.epochs = epochs
        self.max_time = max_time
        self.validation_fraction = validation_fraction
        self.columns = columns
        self.options = options
        self.random_state = random_state
        self.n_threads = n_threads
        self.verbose = verbose

    def fit(self, X: Any, y: ArrayLike, *, validation_data: Any = None) -> Self:
        """Learn a table.

        Parameters
        ----------
        X : data frame, or array-like of shape (n_rows, n_columns)
            Raw: text, categories, dates and gaps as they are.
        y : array-like, ``(n_rows,)``
            Without gaps. Where it is a series, `model_` knows it by its name.
        validation_data : pair of X and y, or data frame with the column of y, optional
            Rows that tell when to stop, in place of a share of the training rows.

        Raises
        ------
        DataError
            Where y cannot be learned, or columns can be read in two ways.
        """
        training, frame = self._training(), _frame_of(X)
        validate_data(self, X, y, skip_check_array=True)
        target = self._check_target(y)
        check_consistent_length(frame.table, target)
        if len(target) < 2:
            raise DataError("Found 1 sample (n_samples = 1), but at least 2 rows are needed to learn from.")
        name = _name_of(y, frame.table.columns)
        choices = choices_of(self.columns)
        if target.dtype.kind in "OU":  # whatever it looks like, text is text
            choices = dataclasses.replace(choices, columns={**choices.columns, name: "category"})
        model = TableModel.train(
            _joined(frame, name, target),
            name,
            training,
            task=self._task,
            columns=choices,
            validation_table=self._validation_table(validation_data, name),
            say=print if self.verbose else lambda _: None,
        )
        self._keep(model, target)
        if not self.verbose:
            self._warn()
        return self

    def _warn(self) -> None:
        """Warn of what a user should know who reads no remarks."""
        encoder = self.model_.encoder
        for said in losses(encoder.schema_, encoder.max_categories):
            warnings.warn(said, DataConversionWarning, stacklevel=3)
        if self.n_iter_ == 0:
            warnings.warn(
                f"The {self.max_time:g} s of max_time were over before the first epoch was done. Give more time, or "
                "fewer rows.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _keep(self, model: TableModel, target: NDArray[Any]) -> None:
        self.model_, self.n_iter_ = model, model.training["epochs"]

    def _training(self) -> TableTraining:
        """Return the options that the parameters describe; what is given goes before the preset."""
        described = [field.name for field in dataclasses.fields(TableTraining) if field.metadata.get("help")]
        known = [name for name in described if name not in _PARAMETERS]
        values = dict(self.options or {})
        for name in values:
            if name in _PARAMETERS:
                raise InvalidInputError(
                    f"options has {name!r}, which is a parameter of its own: {_PARAMETERS[name]}={values[name]!r}."
                )
            if name not in known:
                raise UnknownNameError("option", name, known)
        for name in ("members", "epochs", "max_time", "n_threads"):
            if getattr(self, name) is not None:
                values[name] = getattr(self, name)
        values |= {"preset": self.preset, "validation_fraction": self.validation_fraction}
        seed = self.random_state
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
            seed = check_random_state(seed).randint(2**31)
        return TableTraining(**values, seed=int(seed), given=frozenset(values))

    def _check_target(self, y: Any) -> NDArray[Any]:
        """Return y as an array, ``(n_rows,)``, after a look at what it holds."""
        raise NotImplementedError

    def _validation_table(self, given: Any, name: str) -> Any:
        if not isinstance(given, tuple | list):
            return given
        if len(given) != 2:
            raise InvalidInputError(f"validation_data is a pair of X and y, or a frame, but {len(given)} parts came.")
        X, y = given
        frame = _frame_of(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        target = self._check_target(y)
        check_consistent_length(frame.table, target)
        return _joined(frame, name, target)

    def _predictions(self, X: Any) -> Predictions:
        check_is_fitted(self)
        _refuse_no_rows(TableView(X))
        validate_data(self, X, reset=False, skip_check_array=True)
        return self.model_.predict(X, n_threads=self.n_threads)

    def __network_with_examples__(self, X: Any, y: Any = None, *, needs_y: bool = True) -> NetworkWithExamples:
        """Return the network with rows as it sees them, for `backlit.explain`, `demon` and `diagnose`.

        Parameters
        ----------
        X : data frame, or array-like, ``(n_rows, n_columns)``
        y : array-like, ``(n_rows,)``, or a single label or number; or None
        needs_y : bool
            Whether to raise where y is None.
        """
        check_is_fitted(self)
        if X is None or (y is None and needs_y):
            what = "rows X to look at" if X is None else "targets y, or there is no cost to look at"
            raise InvalidInputError(f"An estimator needs the {what}. Give X, and y with it.")
        frame = _frame_of(X)
        if y is not None:
            target = np.ravel(np.asarray(y))
            check_consistent_length(frame.table, target)
            frame = _joined(frame, self.model_.target.name, target)
        return self.model_.__network_with_examples__(frame, needs_y=needs_y)

    def __exportable__(self) -> Exportable:
        """Return what a format of `backlit.export` is told of the model."""
        check_is_fitted(self)
        return self.model_.__exportable__()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags


def _frame_of(X: Any) -> Frame:
    """Return the columns of X in polars; those of an array are called x0, x1 and so on."""
    import polars as pl

    view = TableView(X)
    _refuse_no_rows(view)
    if hasattr(X, "columns"):
        return in_polars(X)
    return Frame(pl.DataFrame([view.series(j) for j in range(len(view.names))]))


def _refuse_no_rows(view: TableView) -> None:
    if view.n_rows == 0:
        raise DataError("Found array with 0 sample(s) (no rows), while a minimum of 1 is required.")
    if not view.names:
        raise DataError(f"0 feature(s) (shape=({view.n_rows}, 0)) while a minimum of 1 is required.")


def _name_of(y: Any, columns: list[str]) -> str:
    """Return the name of a series, or another that no column has."""
    own = getattr(y, "name", None)
    name = own if isinstance(own, str) and own else "target"
    while name in columns:
        name += "_"
    return name


def _joined(frame: Frame, name: str, target: NDArray[Any]) -> Frame:
    import polars as pl

    column = pl.Series(name, target.tolist() if target.dtype.kind in "OU" else target)
    return dataclasses.replace(frame, table=frame.table.with_columns(column))
