"""What each class counts: scikit-learn's `class_weight`, learned from the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.labels import ClassLabels
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """Weights of classes, to be multiplied into the weights of examples.

    Attributes
    ----------
    labels : ClassLabels
    weights : tuple of ndarray
        One ``(n_classes,)``; for multi-label problems one ``(2,)`` a label, for its absence and presence.
    """

    labels: ClassLabels
    weights: tuple[NDArray[np.float64], ...]

    @classmethod
    def learn(cls, class_weight: Any, labels: ClassLabels, y: Any, sample_weight: Floats | None) -> ClassWeights:
        """Return the weights that `class_weight` asks for.

        Parameters
        ----------
        class_weight : dict, list of dict, or "balanced"
            "balanced" is ``n / (n_classes · n of the class)``, all counted in sample weights.
        labels : ClassLabels
        y : array-like
            Labels of the training rows.
        sample_weight : ndarray, ``(n_examples,)``, or None
        """
        columns = _columns(labels, y)
        places = [np.array([0, 1])] * len(columns) if labels.kind == "multilabel" else [labels.classes]
        if isinstance(class_weight, str):
            settings: list[Any] = [class_weight] * len(columns)
        elif labels.kind == "multilabel":
            settings = list(class_weight) if isinstance(class_weight, list) else []
            if len(settings) != len(columns):
                raise InvalidInputError(
                    f"For {len(columns)} labels, class_weight must be 'balanced' or a list with a dict a label, such "
                    f"as [{{0: 1, 1: 5}}, …], but {class_weight!r} came."
                )
        else:
            settings = [class_weight]
        return cls(
            labels,
            tuple(
                _balanced(column, len(classes), sample_weight) if setting == "balanced" else _given(setting, classes)
                for setting, classes, column in zip(settings, places, columns, strict=True)
            ),
        )

    def times(self, y: Any, sample_weight: Floats | None, dtype: str) -> Floats:
        """Return the weights of examples, ``(n_examples,)``: the product of their classes' and their own."""
        product = np.ones(1) if sample_weight is None else sample_weight.astype(np.float64)
        for weights, column in zip(self.weights, _columns(self.labels, y), strict=True):
            product = product * weights[column]
        return product.astype(dtype)


def _columns(labels: ClassLabels, y: Any) -> list[NDArray[np.intp]]:
    if labels.kind != "multilabel":
        return [labels.index(y)]
    return list(labels.encode(y, "float64").astype(np.intp).T)


def _balanced(index: NDArray[np.intp], n_classes: int, sample_weight: Floats | None) -> NDArray[np.float64]:
    counts = np.bincount(index, sample_weight, minlength=n_classes)
    # a class that no row has, or none that counts, takes no part
    present = counts > 0
    weights: NDArray[np.float64] = np.divide(
        counts.sum(), present.sum() * counts, out=np.zeros(n_classes), where=present
    )
    return weights


def _given(setting: Any, classes: NDArray[Any]) -> NDArray[np.float64]:
    if not isinstance(setting, Mapping):
        raise InvalidInputError(f"class_weight must map each class to its weight, but {setting!r} came.")
    known = classes.tolist()
    unknown, unnamed = [each for each in setting if each not in known], [each for each in known if each not in setting]
    # a class that no row has may be named; names of which none fits are a mistake
    if unknown and unnamed:
        raise InvalidInputError(f"class_weight names {unknown}, but not the classes {unnamed}. Name the classes of y.")
    weights = np.array([setting.get(each, 1.0) for each in known], dtype=np.float64)
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InvalidInputError(f"The weights of classes must be finite and not negative, but {setting!r} came.")
    return weights
