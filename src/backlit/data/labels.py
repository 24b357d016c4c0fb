"""Targets as the network sees them: labels to indicator matrices and back, numbers to columns.

scikit-learn is imported where labels are learned or checked; whoever asks a model does without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backlit.core.activations import get_activation
from backlit.core.definitions import Interval
from backlit.core.losses import LossLike, definition, loss_name
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError, ShapeError

Kind = Literal["constant", "binary", "multiclass", "multilabel"]

Score = Callable[[Floats, "NDArray[np.int64] | slice", "Floats | None"], float]
"""(a^L of some rows, the numbers of these rows, their weights) → a score, more is better."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What a fit trains on.

    Attributes
    ----------
    values : ndarray, ``(n_examples, n_out)``
        y as the network sees it.
    output_activation : str
        σ of the output layer.
    score : callable
        How good outputs are for some of the rows; for early stopping.
    others : callable
        y of other examples → their targets, laid out in the same way.
    classes : ndarray of int, ``(n_examples,)``, or None
        Class of each example, where the validation split is to be stratified.
    fitted : dict
        Attributes that the estimator is to have once the fit has succeeded.
    """

    values: Floats
    output_activation: str
    score: Score
    others: Callable[[Any], Targets]
    classes: NDArray[Any] | None = None
    fitted: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ClassLabels:
    """The classes, and how they are laid out on the output neurons.

    Attributes
    ----------
    classes : ndarray, ``(n_classes,)``
        Sorted; for multi-label problems the numbers of the labels.
    kind : {"constant", "binary", "multiclass", "multilabel"}
        "constant" has a single class.
    one_output : bool
        Whether one output tells the second of two classes from the first, rather than one output a class.
    """

    classes: NDArray[Any]
    kind: Kind
    one_output: bool

    @classmethod
    def of(cls, y: ArrayLike, *, one_output: bool) -> ClassLabels:
        """Learn the classes from labels.

        Parameters
        ----------
        y : array-like, ``(n_examples,)``, or for multi-label problems ``(n_examples, n_labels)`` of 0 and 1
        one_output : bool
            Whether one output is to do for two classes.
        """
        from sklearn.utils.multiclass import unique_labels

        classes = unique_labels(y)
        if is_multilabel(y):
            return cls(classes, "multilabel", False)
        kind: Kind = "constant" if len(classes) == 1 else "binary" if len(classes) == 2 else "multiclass"
        return cls(classes, kind, one_output and kind != "multiclass")

    @property
    def n_outputs(self) -> int:
        """Number of output neurons."""
        return 1 if self.one_output else len(self.classes)

    def check(self, y: Any, *, all_present: bool) -> None:
        """Raise if labels are of another kind, are not among the classes, or, if asked, leave a class out."""
        from sklearn.utils.multiclass import type_of_target, unique_labels

        if is_multilabel(y) != (self.kind == "multilabel"):
            raise InvalidInputError(
                f"y is {type_of_target(y)}, but this estimator was fitted on {self.kind} targets. "
                "Use a new estimator for another kind of target."
            )
        came = unique_labels(y)
        if all_present and set(came) != set(self.classes):
            raise InvalidInputError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes}, `y` has {came}"
            )
        if len(np.setdiff1d(came, self.classes)):
            raise InvalidInputError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. 'y' has {came}."
            )

    def encode(self, y: Any, dtype: str) -> Floats:
        """Return the indicator matrix of labels, ``(n_examples, n_outputs)``."""
        if self.kind == "multilabel":
            dense = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
            if dense.ndim != 2 or dense.shape[1] != len(self.classes):
                raise InvalidInputError(
                    f"y must be an indicator matrix with {len(self.classes)} columns, one a label, "
                    f"but its shape is {dense.shape}."
                )
            return np.ascontiguousarray(dense, dtype=dtype)
        index = self.index(y)
        if self.one_output:
            return np.asarray(index == 1, dtype=dtype).reshape(-1, 1)
        indicator = np.zeros((len(index), self.n_outputs), dtype=dtype)
        indicator[np.arange(len(index)), index] = 1
        return indicator

    def index(self, y: Any) -> NDArray[np.intp]:
        """Return the number of each label's class, ``(n_examples,)``, counted from 0."""
        labels = np.asarray(y)
        if self._are_numbers and labels.dtype.kind in "iu":  # to look them up takes ten times as long
            return labels.astype(np.intp)
        return np.searchsorted(self.classes, labels)

    @cached_property
    def _are_numbers(self) -> bool:
        """Whether each class is its own number, counted from 0."""
        return self.classes.dtype.kind in "iu" and np.array_equal(self.classes, np.arange(len(self.classes)))

    def decide(self, outputs: Floats) -> NDArray[Any]:
        """Return the class numbers that outputs speak for, or for multi-label problems the indicator matrix."""
        if self.kind == "multilabel":
            return (outputs > 0.5).astype(np.int64)
        if self.kind == "constant":
            return np.zeros(len(outputs), dtype=np.intp)
        if self.one_output:
            return (outputs[:, 0] > 0.5).astype(np.intp)
        return np.asarray(outputs.argmax(axis=1))

    def decode(self, outputs: Floats) -> NDArray[Any]:
        """Return the labels that outputs speak for."""
        decision = self.decide(outputs)
        return decision if self.kind == "multilabel" else np.asarray(self.classes[decision])

    def targets(self, y: Any, output_activation: str, dtype: str) -> Targets:
        """Return what to train on for labels; the score is the accuracy."""
        values = self.encode(y, dtype)
        truth = values.astype(np.int64) if self.kind == "multilabel" else self.index(y)

        def accuracy(outputs: Floats, rows: NDArray[np.int64] | slice, weights: Floats | None) -> float:
            if not np.isfinite(outputs).all():
                return float("nan")
            correct = self.decide(outputs) == truth[rows]
            return float(np.average(correct.all(axis=1) if correct.ndim == 2 else correct, weights=weights))

        def others(y: Any) -> Targets:
            self.check(y, all_present=False)
            return self.targets(y, output_activation, dtype)

        fitted = {"classes_": self.classes, "_labels": self}
        classes = None if self.kind == "multilabel" else truth
        return Targets(values, output_activation, accuracy, others, classes, fitted)


def smooth_labels(values: Floats, smoothing: float, *, couples: bool) -> Floats:
    """Return targets of which a share is spread evenly: over all classes, or for a sigmoid between 0 and 1.

    Parameters
    ----------
    values : ndarray, ``(n_examples, n_out)``
        Of 0 and 1.
    smoothing : float
        The share, in [0, 1).
    couples : bool
        Whether the outputs are coupled by softmax (Szegedy et al. 2016), or a sigmoid each.
    """
    even = 1.0 / values.shape[1] if couples else 0.5
    return (1.0 - smoothing) * values + smoothing * even


def smoothed(targets: Targets, smoothing: float) -> Targets:
    """Return targets of which a share is spread evenly, and the others with them."""
    couples = get_activation(targets.output_activation).couples
    values = smooth_labels(targets.values, smoothing, couples=couples)
    return replace(targets, values=values, others=lambda y: smoothed(targets.others(y), smoothing))


def is_multilabel(y: Any) -> bool:
    """Whether targets are an indicator matrix with a column a label."""
    from sklearn.utils.multiclass import type_of_target

    return bool(type_of_target(y).startswith("multilabel"))


def check_labels(y: Any) -> None:
    """Raise for targets that are not labels: numbers to be regressed on, or several classes at once."""
    from sklearn.utils.multiclass import check_classification_targets, type_of_target

    check_classification_targets(y)
    if type_of_target(y) == "multiclass-multioutput":
        raise InvalidInputError(
            "Multioutput target data is not supported: y must hold one label an example, "
            "or be an indicator matrix of 0 and 1 with a column a label."
        )


def number_targets(y: Any, loss: LossLike, output_activation: str, dtype: str) -> Targets:
    """Return what to train on for numbers, ``(n_examples,)`` or ``(n_examples, n_out)``; the score is R²."""
    with np.errstate(over="ignore"):  # infinity is out of every domain
        values = np.ascontiguousarray(y, dtype=dtype).reshape(len(y), -1)
    target = definition(loss).target
    came = Interval(float(values.min()), float(values.max()), low_open=False, high_open=False)
    if not target.contains(came):
        raise InvalidInputError(
            f"The loss {loss_name(loss)!r} is defined for targets in {target}, but y lies in {came}. "
            "Use another loss, or transform the target."
        )

    def r2(outputs: Floats, rows: NDArray[np.int64] | slice, weights: Floats | None) -> float:
        return r_squared(values[rows], outputs, weights) if np.isfinite(outputs).all() else float("nan")

    def others(y: Any) -> Targets:
        targets = number_targets(y, loss, output_activation, dtype)
        if targets.values.shape[1] != values.shape[1]:
            raise ShapeError(
                f"y of the training rows has {values.shape[1]} columns, but that of the validation rows has "
                f"{targets.values.shape[1]}. Give both the same."
            )
        return targets

    return Targets(values, output_activation, r2, others)


def r_squared(y: Floats, outputs: Floats, weights: Floats | None = None) -> float:
    """Return R², the mean over outputs; as scikit-learn's `r2_score`, whose checks take longer than a short epoch.

    An output whose targets are all equal counts 1 where they were met, and 0 otherwise. Of less than two examples it
    is NaN.
    """
    if len(y) < 2:
        return float("nan")
    truth = y.astype(np.float64)
    off = np.average(np.square(truth - outputs), axis=0, weights=weights)
    spread = np.average(np.square(truth - np.average(truth, axis=0, weights=weights)), axis=0, weights=weights)
    parts = 1 - off / np.where(spread > 0, spread, 1)
    return float(np.where(spread > 0, parts, off == 0).mean())
