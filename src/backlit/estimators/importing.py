"""Models that others trained, as fitted estimators of ours: scikit-learn's, torch's arrays, files of Keras and ONNX."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn import neural_network
from sklearn.utils.validation import check_is_fitted

from backlit.core.activations import get_activation
from backlit.core.network import Network
from backlit.errors import InvalidInputError, ShapeError
from backlit.estimators.classifier import MLPClassifier
from backlit.estimators.going_on import Continuation
from backlit.estimators.initial_network import hidden_activations
from backlit.estimators.regressor import MLPRegressor
from backlit.export.sources.reading import read_layers
from backlit.export.state_dict import read_state_dict
from backlit.training.state import TrainingState

Estimator = TypeVar("Estimator", MLPClassifier, MLPRegressor)


def from_sklearn(model: Any) -> MLPClassifier | MLPRegressor:
    """Return a fitted scikit-learn network as ours, with its parameters.

    It predicts the same, and `partial_fit` or ``warm_start`` go on from there. The optimizer's memory and the patience
    begin anew; epochs are counted on.

    Parameters
    ----------
    model : sklearn.neural_network.MLPClassifier or MLPRegressor
        Fitted; left as it is.

    Examples
    --------
    >>> import sklearn.neural_network
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> theirs = sklearn.neural_network.MLPRegressor((), solver="lbfgs", random_state=0).fit(X, y)
    >>> ours = from_sklearn(theirs)
    >>> bool(abs(ours.predict(X) - theirs.predict(X)).max() < 1e-6)
    True
    """
    ours: MLPClassifier | MLPRegressor
    if isinstance(model, neural_network.MLPClassifier):
        ours = MLPClassifier()
    elif isinstance(model, neural_network.MLPRegressor):
        ours = MLPRegressor()
    else:
        kind = f"{type(model).__module__}.{type(model).__name__}"
        raise InvalidInputError(
            f"A fitted MLPClassifier or MLPRegressor of scikit-learn is needed, but a {kind} came. "
            "Of a pipeline or a search, give the network in it: pipeline[-1], search.best_estimator_."
        )
    check_is_fitted(model)
    known = ours.get_params(deep=False)
    ours.set_params(**{name: value for name, value in model.get_params(deep=False).items() if name in known})
    hidden = get_activation(model.activation).name
    activations = (*[hidden] * (model.n_layers_ - 2), get_activation(model.out_activation_).name)
    weights = tuple(coef.T.copy(order="C") for coef in model.coefs_)
    network = Network(weights, tuple(intercept.copy() for intercept in model.intercepts_), activations)
    if not isinstance(ours, MLPClassifier):
        _become(ours, network)
    elif model._label_binarizer.y_type_.startswith("multilabel"):
        _become(ours, network, np.eye(model.n_outputs_, dtype=int))
    else:
        _become(ours, network, model.classes_)
    if hasattr(model, "feature_names_in_"):
        ours.feature_names_in_ = model.feature_names_in_.copy()
    ours.loss_curve_ = [float(cost) for cost in getattr(model, "loss_curve_", [])]
    ours.loss_, ours.n_iter_, ours.t_ = float(model.loss_), model.n_iter_, int(model.t_)
    if model.solver != "lbfgs":
        seed = ours._continuation.seed
        state = TrainingState(seed, float(model.learning_rate_init), model.n_iter_, ours.t_)
        ours._continuation = Continuation(seed, state)
    return ours


def from_state_dict(
    state_dict: Any,
    *,
    classes: Any = None,
    activation: Any = "relu",
    output_activation: str | None = None,
    **parameters: Any,
) -> MLPClassifier | MLPRegressor:
    """Return the fully connected layers of a torch model as a fitted estimator. torch itself is not needed.

    Parameters
    ----------
    state_dict : mapping of str to array
        ``{"0.weight": (n_out, n_in), "0.bias": (n_out,), "2.weight": …}``, as ``model.state_dict()`` gives it for a
        `Sequential` of `Linear` layers. Layers are ordered by the numbers in their names, whatever stands around them;
        a layer without a bias gets one of zeros.
    classes : sequence, optional
        The class of each output, in the outputs' order; two for a single output, which is then the probability of the
        second. Makes a classifier; without them it is a regressor.
    activation : str or sequence of str, default "relu"
        σ of the hidden layers, which a state dict does not hold: one for all, or one for each.
    output_activation : str, optional
        Default: softmax, or a sigmoid for a single output, as torch's losses for logits have it; identity for a
        regressor.
    **parameters
        Of the estimator, such as ``solver`` and ``learning_rate_init``, for going on with training.

    Raises
    ------
    InvalidInputError
        Where a name or an array is not that of a fully connected layer; `ShapeError` where the shapes do not chain.

    Examples
    --------
    >>> import numpy as np
    >>> state = {"0.weight": np.ones((3, 2)), "0.bias": np.zeros(3), "2.weight": np.ones((1, 3)), "2.bias": np.ones(1)}
    >>> from_state_dict(state).predict([[1.0, 2.0]])
    array([10.])
    """
    weights, biases = read_state_dict(state_dict)
    return _estimator_of(weights, biases, activation, output_activation, classes, parameters)


def from_keras(
    path: str | os.PathLike[str],
    *,
    classes: Any = None,
    activation: Any = None,
    output_activation: str | None = None,
    **parameters: Any,
) -> MLPClassifier | MLPRegressor:
    """Return the fully connected layers of a Keras file as a fitted estimator. Keras itself is not needed.

    Nothing in the file is run. A network with a LeakyReLU of another slope than ours, which Keras's are by default (0.3
    as a layer, 0.2 as a function), has a `CustomActivation` and runs on the reference engine.

    Parameters
    ----------
    path : str or path-like
        Of ``model.save("….keras")`` or ``model.save_weights("….weights.h5")``.
    classes : sequence, optional
        See `from_state_dict`.
    activation : str or sequence of str, optional
        σ of the hidden layers. Default: what a ``.keras`` file says. A ``.weights.h5`` file says nothing: "relu".
    output_activation : str, optional
        Default: what a ``.keras`` file says, but for logits with `classes`, and else as in `from_state_dict`.
    **parameters
        Of the estimator, for going on with training.

    Raises
    ------
    InvalidInputError
        For a layer or an activation that is not ours, by its name, and for a file that is damaged.
    MissingExtraError
        Without h5py: ``pip install 'backlit[keras]'``.
    """
    return _estimator_of_file(path, "keras", activation, output_activation, classes, parameters)


def from_onnx(
    path: str | os.PathLike[str],
    *,
    classes: Any = None,
    output_activation: str | None = None,
    **parameters: Any,
) -> MLPClassifier | MLPRegressor:
    """Return the fully connected layers of an ONNX file as a fitted estimator.

    The graph must be a chain of Gemm, or MatMul and Add, with an activation after each.

    Parameters
    ----------
    path : str or path-like
    classes, output_activation, **parameters
        See `from_keras`.

    Raises
    ------
    InvalidInputError
        For an operator that is none of these, by its name, and for a file that is damaged.
    MissingExtraError
        Without onnx: ``pip install 'backlit[onnx]'``.
    """
    return _estimator_of_file(path, "onnx", None, output_activation, classes, parameters)


def _estimator_of_file(
    path: str | os.PathLike[str],
    source: str,
    activation: Any,
    output_activation: str | None,
    classes: Any,
    parameters: dict[str, Any],
) -> MLPClassifier | MLPRegressor:
    layers = read_layers(path, source)
    told = [layer.activation for layer in layers]
    if activation is None:
        activation = ["relu" if name is None else name for name in told[:-1]]
    # the usual loss for classes takes logits, which say nothing of how they are to be read
    if output_activation is None and not (classes is not None and told[-1] == "identity"):
        output_activation = told[-1]
    weights, biases = [layer.weights for layer in layers], [layer.bias for layer in layers]
    return _estimator_of(weights, biases, activation, output_activation, classes, parameters)


def _estimator_of(
    weights: list[NDArray[Any]],
    biases: list[NDArray[Any]],
    activation: Any,
    output_activation: str | None,
    classes: Any,
    parameters: dict[str, Any],
) -> MLPClassifier | MLPRegressor:
    last = "identity"
    if classes is not None:
        classes = _sort_outputs(np.asarray(classes), weights, biases)
        last = "sigmoid" if len(biases[-1]) == 1 else "softmax"
    last = get_activation(output_activation or last).name
    ours = (MLPRegressor if classes is None else MLPClassifier)(
        hidden_layer_sizes=tuple(len(b) for b in biases[:-1]),
        activation=activation,
        output_activation=last,
        **parameters,
    )
    hidden = hidden_activations(activation, len(weights) - 1)
    return _become(ours, Network(tuple(weights), tuple(biases), (*hidden, last)), classes)


def _sort_outputs(classes: NDArray[Any], weights: list[NDArray[Any]], biases: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the classes sorted, as ours are, with the outputs put in the same order."""
    distinct, order = np.unique(classes, return_index=True)
    n, n_out = classes.size, len(biases[-1])
    if classes.ndim != 1 or len(distinct) < n or n < 2 or n_out not in ((1, n) if n == 2 else (n,)):
        raise ShapeError(
            f"The last layer has {n_out} outputs, so classes must be as many different labels"
            f"{', or two for one output' if n_out <= 2 else ''}, but {classes.tolist()} came."
        )
    if n_out > 1:
        weights[-1], biases[-1] = weights[-1][order], biases[-1][order]
    elif order[0] == 1:
        weights[-1], biases[-1] = -weights[-1], -biases[-1]  # 1 − σ(z) = σ(−z)
    return distinct


def _become(ours: Estimator, network: Network, y: Any = None) -> Estimator:
    """Return an estimator that is fitted, but not trained, with this network; y holds each class or label once."""
    sizes = network.sizes
    if y is None:
        y = np.zeros(1) if sizes[-1] == 1 else np.zeros((1, sizes[-1]))
    asked_for = ours.initialization
    ours.set_params(initialization=network).initialize(np.zeros((len(y), sizes[0]), network.dtype), y)
    return ours.set_params(initialization=asked_for)
