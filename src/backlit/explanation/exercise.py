"""A network typed in by hand, with an example: a textbook's exercise.

The document has the keys ``sizes``, ``weights``, ``biases``, ``activation`` (one name, or one per layer), ``loss``,
``x``, ``y`` and ``learning_rate``. Weights are ``w[j][k]``, a row for each neuron, as the lecture writes them. Where
hidden neurons have parametric activations, ``alpha`` has a row for each hidden layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.backpropagation import check_loss_fits
from backlit.core.network import Network
from backlit.core.parametric import alphas_of, plain_name, with_alphas
from backlit.documents.field import Field, Kind
from backlit.documents.strict_json import plain
from backlit.errors import InvalidInputError
from backlit.explanation.trace.network_with_examples import LEARNING_RATE, ModelFacts, NetworkWithExamples
from backlit.explanation.trace.tree import WorkedStep

_REQUIRED = ("sizes", "weights", "biases", "x")
_ACTIVATION = "sigmoid"


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
    learning_rate: float = LEARNING_RATE

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
        # a dictionary written in Python may hold arrays and tuples
        document = plain(dict(document) if isinstance(document, Mapping) else document)
        fields = Field(document, "exercise", Kind()).fields(
            *_REQUIRED, activation=_ACTIVATION, loss=cls.loss, y=cls.y, learning_rate=cls.learning_rate, alpha=None
        )
        sizes = [size.whole(1) for size in fields["sizes"].parts(least=2)]
        n_layers = len(sizes)
        shapes = [(sizes[i + 1], sizes[i]) for i in range(n_layers - 1)]
        weights = _arrays(fields["weights"], shapes)
        biases = _arrays(fields["biases"], [(n_out,) for n_out, _ in shapes])
        with fields["activation"].naming():
            activation = fields["activation"].value
            names = tuple(activation) if isinstance(activation, list) else (activation,) * (n_layers - 1)
            network = Network(weights, biases, names)
        if not fields["alpha"].is_null:
            alphas = _arrays(fields["alpha"], [(n,) for n in sizes[1:-1]])
            with fields["activation"].naming():
                network = Network(weights, biases, with_alphas(names, alphas))
        with fields["loss"].naming():
            loss = check_loss_fits(network, fields["loss"].value)
        x = _examples(fields["x"], sizes[0])
        y = None if fields["y"].is_null else _examples(fields["y"], sizes[-1])
        if y is not None and len(x) != len(y):
            fields["y"].refuse(f"one y for each of the {len(x)} examples in x")
        return cls(network, x, y, loss, fields["learning_rate"].number(above=0))

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
        names = list(map(plain_name, network.activations))
        alphas = alphas_of(network)

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
            **({"alpha": [np.asarray(alpha, dtype=np.float64).tolist() for alpha in alphas]} if alphas else {}),
        }


def _arrays(field: Field, shapes: Sequence[tuple[int, ...]]) -> tuple[NDArray[np.float64], ...]:
    # one for each layer after the input
    parts = field.parts(len(shapes))
    return tuple(part.array(shape, "float64") for part, shape in zip(parts, shapes, strict=True))


def _examples(field: Field, n_columns: int) -> NDArray[np.float64]:
    value = field.value
    if isinstance(value, list) and value and isinstance(value[0], list):
        return field.array((len(value), n_columns), "float64")
    return field.array((n_columns,), "float64")[None]
