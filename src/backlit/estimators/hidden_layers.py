"""What the neurons of a fitted network make of examples: as a method of the estimators, and as a transformer.

The estimators themselves are no transformers. A classifier that could `transform` besides `predict` would be asked for
its features, rather than for labels, wherever a library looks at what an estimator can do.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from backlit.core.network import Network
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.estimators.fitted import FittedNetwork
from backlit.estimators.inputs import as_matrix
from backlit.estimators.scikit_learn import check_feature_names_in


class HiddenLayers(FittedNetwork):
    """What hidden layers make of examples."""

    def hidden_activations(self, X: Any, layer: int | None = None) -> Floats:
        """Return the activations of a layer, ``(n_examples, n_neurons)``.

        `backlit.HiddenLayerTransformer` gives them to another model of a pipeline.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
        layer : int, optional
            Counted as in the lecture: 1 is the input, L the output. Default: the last hidden layer, L − 1.
        """
        check_is_fitted(self)
        network = self.network_
        layer = _checked_layer(layer, len(network.sizes))
        if layer == 1:
            return as_matrix(self._check_rows(X), network.dtype)
        till_layer = slice(layer - 1)
        below = Network(network.weights[till_layer], network.biases[till_layer], network.activations[till_layer])
        return self._outputs_of(below, X)


class HiddenLayerTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The activations of a layer of a network in place of the features, for a pipeline.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        `fit` trains a copy of it. A model that is fitted already can be used without `fit`; in a pipeline, which fits
        its steps, ``sklearn.frozen.FrozenEstimator(model)`` keeps it as it is.
    layer : int, optional
        Counted as in the lecture: 1 is the input, L the output. Default: the last hidden layer, L − 1.

    Attributes
    ----------
    model_ : MLPClassifier or MLPRegressor
        The copy that `fit` has trained.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from backlit import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> hidden = HiddenLayerTransformer(MLPClassifier((8,), solver="lbfgs", random_state=0))
    >>> make_pipeline(hidden, LogisticRegression()).fit(X, y).score(X, y) > 0.9
    True
    """

    def __init__(self, model: Any, layer: int | None = None) -> None:
        self.model = model
        self.layer = layer

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Train a copy of the model; see its own `fit`."""
        if not hasattr(self.model, "hidden_activations"):
            raise InvalidInputError(
                f"An MLPClassifier or MLPRegressor of backlit is needed, but a {type(self.model).__name__} came. "
                "Of a pipeline give its last step, and the steps before it to the pipeline that this transformer is in."
            )
        self.model_ = clone(self.model).fit(X, y, **fit_params)
        _checked_layer(self.layer, self.model_.n_layers_)
        return self

    def transform(self, X: Any) -> Any:
        """Return the activations of the layer.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``

        Returns
        -------
        ndarray, ``(n_examples, n_neurons)``, or the data frame that `set_output` asks for
        """
        return self._fitted().hidden_activations(X, self.layer)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return "layer2_neuron1" and so on, both counted from 1; of the input layer the names of the features.

        Parameters
        ----------
        input_features : array-like of str, optional
            Only checked against the names in training.
        """
        model = self._fitted()
        layer = _checked_layer(self.layer, model.n_layers_)
        names = check_feature_names_in(model, input_features)
        if layer == 1:
            return np.asarray(names if model.encoder_ is None else model.encoder_.get_feature_names_out(), dtype=object)
        return np.array(
            [f"layer{layer}_neuron{j}" for j in range(1, model.network_.sizes[layer - 1] + 1)], dtype=object
        )

    def _fitted(self) -> Any:
        model = getattr(self, "model_", self.model)
        try:
            check_is_fitted(model)
        except NotFittedError:
            raise NotFittedError("This HiddenLayerTransformer is not fitted yet, nor is its model. Call fit.") from None
        return model

    def __sklearn_is_fitted__(self) -> bool:
        try:
            self._fitted()
        except NotFittedError:
            return False
        return True

    @property
    def n_features_in_(self) -> int:
        """Number of features in training."""
        return int(self._known().n_features_in_)

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Their names, where training had a data frame."""
        names: NDArray[np.object_] = self._known().feature_names_in_
        return names

    def _known(self) -> Any:
        if not self.__sklearn_is_fitted__():
            raise AttributeError("This is there once the transformer is fitted.")
        return self._fitted()

    def __sklearn_tags__(self) -> Any:
        tags, of_model = super().__sklearn_tags__(), getattr(self.model, "__sklearn_tags__", None)
        tags.target_tags.required = True
        if of_model is not None:
            tags.input_tags = of_model().input_tags
        return tags


def _checked_layer(layer: int | None, n_layers: int) -> int:
    if layer is None:
        return n_layers - 1
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer) or not 1 <= layer <= n_layers:
        raise InvalidInputError(
            f"layer must be a whole number from 1, the input, to {n_layers}, the output, but {layer!r} came."
        )
    return int(layer)
