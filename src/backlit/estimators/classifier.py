"""`MLPClassifier`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels

from backlit.core.activations import get_activation
from backlit.core.dropout import Dropout
from backlit.core.losses import LossLike, loss_name
from backlit.core.network import Network
from backlit.data.class_weights import ClassWeights
from backlit.data.labels import ClassLabels, Targets, check_labels, is_multilabel, smoothed
from backlit.data.probabilities import class_probabilities, decided_by, log_probabilities
from backlit.data.value_types import refuse_odd_labels
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.estimators.base import BaseMLP
from backlit.estimators.parameters import CONSTRAINTS, documented
from backlit.estimators.scikit_learn import Interval, StrOptions, fit_context
from backlit.export.exportable import ClassHead, Exportable
from backlit.training.checkpoint import Checkpoint
from backlit.training.options import FitOptions
from backlit.training.stopping import EarlyStopping


@documented
class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """Multilayer perceptron that tells classes apart; takes the place of scikit-learn's.

    Every parameter of scikit-learn 1.9's class is here with its name, meaning and default. What differs is listed in
    ``docs/differences-from-scikit-learn.md``.

    Parameters
    ----------
    {COMMON_PARAMETERS}
    loss : str, Huber, Quantile or CustomLoss, default "log_loss"
        Any name of `backlit.core.losses.LOSSES`, also with a parameter, ``Quantile(0.9)`` or ``"quantile(0.9)"``;
        "log_loss" is "cross_entropy".
    output_activation : str, optional
        Default: for "log_loss" one sigmoid output for two classes, softmax for more, a sigmoid per label for
        multi-label targets; for other losses one sigmoid output per class.
    class_weight : dict, list of dict or "balanced", optional
        What examples of each class count, times their own weight: a weight per class (1 where none is given); for
        multi-label targets a list with a dict of 0 and 1 a label. "balanced" makes all classes count the same.
    label_smoothing : float, default 0
        Share ε of each target that is spread evenly: over the classes for softmax, ``(1 − ε) y + ε/n_classes``; between
        no and yes for a sigmoid, ``(1 − ε) y + ε/2``. For "log_loss" only.
    {NEW_PARAMETERS}

    Attributes
    ----------
    classes_ : ndarray, ``(n_classes,)``
        Sorted; for multi-label targets the numbers of the labels.
    {COMMON_ATTRIBUTES}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> classifier.predict(X[:2])
    array([0, 0])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS | {
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }
    classes_: NDArray[Any]
    _labels: ClassLabels

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = FitOptions.solver,
        alpha: float = FitOptions.alpha,
        batch_size: int | str = "auto",
        learning_rate: Any = FitOptions.schedule,
        learning_rate_init: float = 0.001,
        power_t: float = FitOptions.power_t,
        max_iter: int = 200,
        shuffle: bool = FitOptions.shuffle,
        random_state: Any = None,
        tol: float = EarlyStopping.tolerance,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = FitOptions.momentum,
        nesterovs_momentum: bool = FitOptions.nesterov,
        early_stopping: bool | EarlyStopping = False,
        validation_fraction: float = 0.1,
        beta_1: float = FitOptions.beta_1,
        beta_2: float = FitOptions.beta_2,
        epsilon: float = FitOptions.epsilon,
        n_iter_no_change: float = EarlyStopping.patience,
        max_fun: int = FitOptions.max_fun,
        loss: LossLike = "log_loss",
        output_activation: str | None = None,
        class_weight: Any = None,
        initialization: str | Network | None = "scikit_learn",
        l2: float = FitOptions.l2,
        l1: float = FitOptions.l1,
        engine: str = FitOptions.engine,
        n_threads: int | None = FitOptions.n_threads,
        dtype: Any = None,
        precision: str = FitOptions.precision,
        label_smoothing: float = FitOptions.label_smoothing,
        dropout: Dropout | float | None = FitOptions.dropout,
        clip_norm: float | None = FitOptions.clip_norm,
        weight_average: float = FitOptions.weight_average,
        callbacks: Any = None,
        checkpoint: Checkpoint | None = None,
        scoring: Any = None,
        categorical_features: Any = None,
        missing_values: str = "refuse",
    ) -> None:
        self._store_parameters(locals())

    @fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train on labeled examples.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
        y : array-like, ``(n_examples,)``, or for multi-label targets ``(n_examples, n_labels)`` of 0 and 1
        sample_weight : array-like, ``(n_examples,)``, optional
            What each example counts; not negative.
        X_val, y_val, sample_weight_val
            Validation data, which are not trained on: `validation_loss_curve_` and `validation_scores_` tell of them,
            and early stopping watches them instead of splitting rows off. Default: none.

        Raises
        ------
        DivergenceError
            When a value is no longer finite; names epoch and layer. The model is then what it was before.
        """
        return self._fit(X, y, sample_weight, validation_data=(X_val, y_val, sample_weight_val))

    @fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def initialize(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Begin without training: set the initial weights and all else that `predict` needs.

        `partial_fit`, or `fit` with `warm_start=True`, goes on from there, to the same bits as without this call.

        Parameters
        ----------
        X, y
            See `fit`; they tell the numbers of features and outputs and the classes.
        classes : array-like, ``(n_classes,)``, optional
            All classes that will come, where y lacks some.
        """
        return self._initialize(X, y, classes)

    @available_if(BaseMLP._has_partial_fit)  # type: ignore[untyped-decorator]
    @fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X, y, sample_weight
            See `fit`; y need not hold all classes.
        classes : array-like, ``(n_classes,)``
            All classes that will come; needed in the first call, unless y is an indicator matrix of labels.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight {self.class_weight!r} is not supported for partial_fit: a batch does not tell how "
                "frequent the classes are. Give a dict, such as compute_class_weight of scikit-learn makes."
            )
        known = hasattr(self, "_labels")
        if classes is None and not known and not is_multilabel(y):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None and known and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each example, or for multi-label targets the indicator matrix.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``

        Returns
        -------
        ndarray, ``(n_examples,)`` or ``(n_examples, n_labels)``
        """
        self._check_fitted()
        return self._labels.decode(self._outputs(X, decided_by(self._labels, self._activations[-1])))

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, ``(n_examples, n_classes)``, in the order of `classes_`.

        Outputs that do not sum to one (a sigmoid per class) are divided by their sum. For multi-label targets, return
        the probability of each label.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
        """
        self._check_fitted()
        return class_probabilities(self._labels, self._activations[-1], functools.partial(self._outputs, X))

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithm of `predict_proba`, finite also where the probability itself rounds to 0.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
        """
        rounded = self.predict_proba(X)
        vanishes = rounded < np.finfo(rounded.dtype).tiny
        if not vanishes.any():
            return np.log(rounded, out=rounded)
        exact = log_probabilities(self._labels, self._activations[-1], self._outputs(X, last_activation="identity"))
        return np.where(vanishes, exact, np.log(np.where(vanishes, 1, rounded)))

    def __exportable__(self) -> Exportable:
        """Return what a format of `backlit.export` is told of the model."""
        network, labels = self.network_, self._labels
        head = ClassHead(self.classes_, labels.kind, labels.one_output)
        names = getattr(self, "feature_names_in_", ())
        return Exportable(network, "An MLPClassifier of backlit", head, self.encoder_, names)

    def _check_targets_as_given(self, y: Any) -> None:
        if y is not None:
            refuse_odd_labels(y)

    def _check_target_type(self, y: Any) -> None:
        check_labels(y)

    def _targets(self, y: Any, dtype: str, *, goes_on: bool, incremental: bool, classes: Any) -> Targets:
        is_cross_entropy = loss_name(self.loss) == "cross_entropy"
        given = None if self.output_activation is None else get_activation(self.output_activation)
        one_output = is_cross_entropy and (given is None or not given.couples)
        if goes_on and hasattr(self, "_labels"):
            labels = replace(self._labels, one_output=one_output and self._labels.kind in ("constant", "binary"))
            # a batch of partial_fit may lack classes
            labels.check(y, all_present=not incremental)
        elif incremental:
            labels = ClassLabels.of(y if is_multilabel(y) else classes, one_output=one_output)
            labels.check(y, all_present=False)
        else:
            labels = ClassLabels.of(y, one_output=one_output)
        if given is not None and given.couples and labels.kind == "multilabel":
            raise InvalidInputError(
                f"output_activation={given.name!r} makes the outputs sum to one, but the labels of a multi-label "
                "problem are independent. Use output_activation='sigmoid'."
            )
        default = "softmax" if is_cross_entropy and labels.kind == "multiclass" else "sigmoid"
        targets = labels.targets(y, given.name if given else default, dtype)
        if self.label_smoothing and not is_cross_entropy:
            raise InvalidInputError(
                f"label_smoothing={self.label_smoothing!r} goes with the loss 'log_loss', but loss is {self.loss!r}. "
                "Use that loss, or label_smoothing=0."
            )
        return smoothed(targets, self.label_smoothing) if self.label_smoothing else targets

    def _class_weights(self, y: Any, sample_weight: Floats | None, targets: Targets) -> ClassWeights | None:
        if self.class_weight is None:
            return None
        return ClassWeights.learn(self.class_weight, targets.fitted["_labels"], y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
