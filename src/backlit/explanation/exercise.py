"""A network typed in by hand, with an example: a textbook's exercise.

The document has the keys ``sizes``, ``weights``, ``biases``, ``activation`` (one name, or one per layer), ``loss``,
``x``, ``y`` and ``learning_rate``. Weights are ``w[j][k]``, a row for each neuron, as the lecture writes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.backpropagation import check_loss_fits
from backlit.core.network import Network
from backlit.errors import BacklitError, InvalidInputError
from backlit.explanation.trace.network_with_examples import ModelFacts, NetworkWithExamples
from backlit.explanation.trace.tree import WorkedStep

_REQUIRED = ("sizes", "weights", "biases", "x")
_DEFAULTS: dict[str, Any] = {"activation": "sigmoid", "loss": "quadratic", "y": None, "learning_rate": 0.1}


@dataclass(frozen=True, eq=False)
class Exercise:
    """A network, one example or a few, and the step to take.

    Attributes
    ----------
    network : Network
        Of float64.
    x : array, ``(n_examples, n_in)``
    y : array, ``(n_examples, n_out)``, or None
        Without it there is a forward pass only.
    loss : str
    learning_rate : float
        μ.
    """

    network: Network
    x: NDArray[np.float64]
    y: NDArray[np.float64] | None = None
    loss: str = "quadratic"
    learning_rate: float = 0.1

    @classmethod
    def from_dict(cls, document: object) -> Exercise:
        """Return the exercise that a document describes, or say which key is wrong.

        Parameters
        ----------
        document : dict
            See the top of this file. ``activation`` is sigmoid, ``loss`` quadratic and ``learning_rate`` 0.1 where they
            are missing; without ``y`` there is a forward pass only.

        Raises
        ------
        InvalidInputError
            Naming the key.
        """
        if not isinstance(document, Mapping):
            raise InvalidInputError(f"An exercise is an object with the keys {_keys()}, not {document!r:.60}.")
        missing = [key for key in _REQUIRED if key not in document]
        unknown = [key for key in document if key not in (*_REQUIRED, *_DEFAULTS)]
        if missing or unknown:
            what = f"lacks {', '.join(map(repr, missing))}" if missing else f"has the unknown key {unknown[0]!r}"
            raise InvalidInputError(f"The exercise {what}. Its keys are {_keys()}.")
        values = _DEFAULTS | dict(document)
        sizes = _sizes(values["sizes"])
        n_layers = len(sizes)
        shapes = [(sizes[i + 1], sizes[i]) for i in range(n_layers - 1)]
        weights = _layers("weights", values["weights"], shapes)
        biases = _layers("biases", values["biases"], [(n_out,) for n_out, _ in shapes])
        with _naming("activation"):
            activation = values["activation"]
            names = tuple(activation) if isinstance(activation, list) else (activation,) * (n_layers - 1)
            network = Network(weights, biases, names)
        with _naming("loss"):
            loss = check_loss_fits(network, values["loss"])
        x = _examples("x", values["x"], sizes[0])
        y = None if values["y"] is None else _examples("y", values["y"], sizes[-1])
        if y is not None and len(x) != len(y):
            raise InvalidInputError(f"'x' has {len(x)} examples, but 'y' has {len(y)}; give one y for each x.")
        rate = values["learning_rate"]
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf:
            raise InvalidInputError(f"'learning_rate' must be a positive number, but {rate!r:.60} came.")
        return cls(network, x, y, loss, float(rate))

    @classmethod
    def of(cls, explanation: WorkedStep) -> Exercise:
        """Return the exercise that an explanation is the solution of, with its numbers as they are."""
        parameters, examples = explanation.parameters, explanation.examples
        weights = tuple(layer.w.astype(np.float64) for layer in parameters)
        biases = tuple(layer.b.astype(np.float64) for layer in parameters)
        ys = [example.y for example in examples if example.y is not None]
        return cls(
            Network(weights, biases, explanation.activations),
            np.stack([example.x for example in examples]).astype(np.float64),
            np.stack(ys).astype(np.float64) if ys else None,
            explanation.loss,
            explanation.learning_rate,
        )

    def only(self, examples: Sequence[int]) -> Exercise:
        """Return the exercise with these of its examples, counted from 1."""
        for number in examples:
            if not 1 <= number <= len(self.x):
                raise InvalidInputError(f"Example {number} was asked for, but the exercise has 1 to {len(self.x)}.")
        rows = [number - 1 for number in examples]
        return replace(self, x=self.x[rows], y=None if self.y is None else self.y[rows])

    def __network_with_examples__(self, x: Any = None, y: Any = None, *, needs_y: bool = True) -> NetworkWithExamples:
        """Return the network and the examples, for `backlit.explain`, `demon` and `diagnose`."""
        if x is not None or y is not None:
            raise InvalidInputError("An exercise holds its examples. Leave out x and y.")
        if self.y is None and needs_y:
            raise InvalidInputError("The exercise has no y, so there is no cost to look at. Give it one.")
        return NetworkWithExamples(
            self.network, self.x, self.y, self.loss, facts=ModelFacts(learning_rate=self.learning_rate)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the document of `from_dict`, with exact numbers."""
        network = self.network
        names = list(network.activations)

        def one_or_all(rows: NDArray[np.float64]) -> list[Any]:
            return list(rows[0].tolist() if len(rows) == 1 else rows.tolist())

        return {
            "sizes": list(network.sizes),
            "weights": [np.asarray(w, dtype=np.float64).tolist() for w in network.weights],
            "biases": [np.asarray(b, dtype=np.float64).tolist() for b in network.biases],
            "activation": names[0] if len(set(names)) == 1 else names,
            "loss": self.loss,
            "x": one_or_all(self.x),
            "y": None if self.y is None else one_or_all(self.y),
            "learning_rate": self.learning_rate,
        }


class _naming:  # noqa: N801 (reads as a statement)
    """Put the key before what is said to be wrong with its value."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, BacklitError):
            raise InvalidInputError(f"{self._key!r}: {error}") from error


def _keys() -> str:
    return ", ".join((*_REQUIRED[:3], "activation", "loss", "x", "y", "learning_rate"))


def _sizes(value: object) -> list[int]:
    sizes = value if isinstance(value, list) and all(type(size) is int and size > 0 for size in value) else []
    if len(sizes) < 2:
        raise InvalidInputError(
            f"'sizes' must list the neurons of each layer, the input first, such as [2, 3, 1], but {value!r:.60} came."
        )
    return sizes


def _numbers(key: str, value: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    wanted = " × ".join(map(str, shape)) + (" numbers" if len(shape) == 1 else " (neurons × inputs) numbers")
    try:
        array = np.array(value)
    except ValueError:
        raise InvalidInputError(f"{key!r} must hold {wanted}, but its rows have different lengths.") from None
    if array.dtype.kind not in "fiu" or array.shape != shape:
        came = f"an array of shape {array.shape}" if array.dtype.kind in "fiu" else f"{value!r:.60}"
        raise InvalidInputError(f"{key!r} must hold {wanted}, but {came} came.")
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{key!r} must hold finite numbers only.")
    return array.astype(np.float64)


def _layers(key: str, value: object, shapes: Sequence[tuple[int, ...]]) -> tuple[NDArray[np.float64], ...]:
    if not isinstance(value, list) or len(value) != len(shapes):
        came = f"{len(value)} came" if isinstance(value, list) else f"{value!r:.60} came"
        raise InvalidInputError(
            f"{key!r} must hold {len(shapes)} entries, one for each layer after the input, but {came}."
        )
    return tuple(
        _numbers(f"{key}[{i}]", part, shape) for i, (part, shape) in enumerate(zip(value, shapes, strict=True))
    )


def _examples(key: str, value: object, n_columns: int) -> NDArray[np.float64]:
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    return np.stack([_numbers(key, row, (n_columns,)) for row in rows])
