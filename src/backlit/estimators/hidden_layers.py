"""A fitted network as a transformer: the activations of a layer in place of the features."""

from __future__ import annotations

import copy
import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.estimators.fitted import FittedNetwork
from backlit.estimators.inputs import as_matrix
from backlit.estimators.scikit_learn import check_feature_names_in, wrapped_as_asked


class HiddenLayers(FittedNetwork):
    """The activations of hidden layers as features.

    scikit-learn wraps `transform` where a transformer's own class defines it, and names the columns by
    `get_feature_names_out`, which knows of no layer. Defined here, it is not wrapped and sees to the names itself.
    """

    n_layers_: int

    def transform(self, X: Any, layer: int | None = None) -> Any:
        """Return the activations of a layer, ``(n_examples, n_neurons)``.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
        layer : int, optional
            Counted as in the lecture: 1 is the input, L the output. Default: the last hidden layer, L − 1.

        Returns
        -------
        ndarray, or the data frame that `set_output` asks for
        """
        layer = self._check_layer(layer)
        network = self.network_
        if layer == 1:
            a = as_matrix(self._check_rows(X), network.dtype)
        else:
            till_layer = slice(layer - 1)
            below = Network(network.weights[till_layer], network.biases[till_layer], network.activations[till_layer])
            a = self._outputs_of(below, X)
        named = copy.copy(self)
        named.get_feature_names_out = functools.partial(self.get_feature_names_out, layer=layer)  # type: ignore[method-assign]
        return wrapped_as_asked("transform", a, X, named)

    def get_feature_names_out(self, input_features: Any = None, layer: int | None = None) -> NDArray[np.object_]:
        """Return the names of what `transform` gives: "layer2_neuron1" and so on, both counted from 1.

        Parameters
        ----------
        input_features : array-like of str, optional
            Only checked against the names in training.
        layer : int, optional
            See `transform`. The input layer has the names of the features, or those that `encoder_` makes of them.
        """
        layer = self._check_layer(layer)
        names = check_feature_names_in(self, input_features)
        if layer == 1:
            encoder = getattr(self, "encoder_", None)
            return np.asarray(names if encoder is None else encoder.get_feature_names_out(), dtype=object)
        n_neurons = self.network_.sizes[layer - 1]
        return np.array([f"layer{layer}_neuron{j}" for j in range(1, n_neurons + 1)], dtype=object)

    def _check_layer(self, layer: int | None) -> int:
        check_is_fitted(self)
        n_layers = self.n_layers_
        if layer is None:
            return n_layers - 1
        if isinstance(layer, bool) or not isinstance(layer, int | np.integer) or not 1 <= layer <= n_layers:
            raise InvalidInputError(
                f"layer must be a whole number from 1, the input, to {n_layers}, the output, but {layer!r} came."
            )
        return int(layer)
