"""`MLPRegressor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from backlit.core.activations import get_activation
from backlit.core.dropout import Dropout
from backlit.core.losses import LossLike, loss_name
from backlit.core.network import Network
from backlit.data.labels import Targets, number_targets
from backlit.data.value_types import refuse_all_but_numbers
from backlit.engine.protocol import Floats
from backlit.estimators.base import BaseMLP
from backlit.estimators.parameters import CONSTRAINTS, documented
from backlit.estimators.scikit_learn import fit_context
from backlit.export.exportable import Exportable, NumberHead
from backlit.training.checkpoint import Checkpoint
from backlit.training.options import FitOptions
from backlit.training.stopping import EarlyStopping


@documented
class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """Multilayer perceptron that predicts numbers; takes the place of scikit-learn's.

    Every parameter of scikit-learn 1.9's class is here with its name, meaning and default. What differs is listed in
    ``docs/differences-from-scikit-learn.md``.

    Parameters
    ----------
    loss : str, Huber, Quantile or CustomLoss, default "squared_error"
        Any name of `backlit.core.losses.LOSSES`, also with a parameter, ``Quantile(0.9)`` or ``"quantile(0.9)"``;
        "squared_error" is "quadratic". Several outputs are summed over.
    {COMMON_PARAMETERS}
    output_activation : str, optional
        Default: identity, or exp for "poisson".
    {NEW_PARAMETERS}

    Attributes
    ----------
    {COMMON_ATTRIBUTES}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> regressor = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", random_state=0, max_iter=1000).fit(X, y)
    >>> round(regressor.score(X, y), 2)
    0.52
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    def __init__(
        self,
        loss: LossLike = "squared_error",
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
        output_activation: str | None = None,
        initialization: str | Network | None = "scikit_learn",
        l2: float = FitOptions.l2,
        l1: float = FitOptions.l1,
        engine: str = FitOptions.engine,
        n_threads: int | None = FitOptions.n_threads,
        dtype: Any = None,
        precision: str = FitOptions.precision,
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
        """Train on examples with known targets.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
        y : array-like, ``(n_examples,)`` or ``(n_examples, n_out)``
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
    def initialize(self, X: Any, y: Any) -> Self:
        """Begin without training: set the initial weights and all else that `predict` needs.

        `partial_fit`, or `fit` with `warm_start=True`, goes on from there, to the same bits as without this call.

        Parameters
        ----------
        X, y
            See `fit`; they tell the numbers of features and outputs.
        """
        return self._initialize(X, y)

    @available_if(BaseMLP._has_partial_fit)  # type: ignore[untyped-decorator]
    @fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X, y, sample_weight
            See `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Floats:
        """Return the predicted numbers.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``

        Returns
        -------
        ndarray, ``(n_examples,)`` or ``(n_examples, n_out)``
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def __exportable__(self) -> Exportable:
        """Return what a format of `backlit.export` is told of the model."""
        network, names = self.network_, getattr(self, "feature_names_in_", ())
        return Exportable(network, "An MLPRegressor of backlit", NumberHead(network.dtype), self.encoder_, names)

    def _check_targets_as_given(self, y: Any) -> None:
        if y is not None:
            refuse_all_but_numbers(y)

    def _check_target_type(self, y: Any) -> None:
        """Accept any numbers; `number_targets` checks what the loss is defined on."""

    def _targets(self, y: Any, dtype: str, *, goes_on: bool, incremental: bool, classes: Any) -> Targets:
        default = "exp" if loss_name(self.loss) == "poisson" else "identity"
        return number_targets(y, self.loss, get_activation(self.output_activation or default).name, dtype)
