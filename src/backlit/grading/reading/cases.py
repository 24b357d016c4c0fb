"""Random networks and examples to try a submission on.

Square networks, in which every array that is transposed or taken from the wrong layer still fits, show *which* mistake
was made. Networks whose widths all differ show that a program is right for every shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.core.losses import NOT_NEGATIVE, get_loss
from backlit.errors import InvalidInputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What was to be programmed.

    Attributes
    ----------
    hidden, output : str
        Activations of the hidden layers and of the output layer.
    loss : str
    """

    hidden: str
    output: str
    loss: str

    @classmethod
    def from_names(cls, activation: str | Sequence[str], loss: str) -> Task:
        """Read one activation, or two: that of the hidden layers and that of the output layer."""
        names = [activation] if isinstance(activation, str) else list(activation)
        if not 1 <= len(names) <= 2:
            raise InvalidInputError(
                "activation must be one name, or two: that of the hidden layers and that of the output layer, "
                f"but {len(names)} came: {names}."
            )
        hidden, output = (get_activation(name) for name in (names[0], names[-1]))
        if hidden.couples:
            if len(names) == 2:
                raise InvalidInputError(f"{hidden.name} couples the neurons of a layer; it can only be the last.")
            hidden = get_activation("sigmoid")
        return cls(hidden.name, output.name, get_loss(loss, output.name).name)

    def activation(self, layer: int, n_layers: int) -> str:
        """Name of σ of a layer (2 … L)."""
        return self.output if layer == n_layers else self.hidden


@dataclass(frozen=True, eq=False)
class Case:
    """One network and a batch. Dictionaries are keyed by the lecture's layer number, 2 … L.

    Attributes
    ----------
    task : Task
    sizes : tuple of int
    w : dict of int to array ``(n_l, n_{l-1})``
    b : dict of int to array ``(n_l, 1)``
    x : array, ``(n_1, n_examples)``
    y : array, ``(n_L, n_examples)``
    eta : float
        Learning rate.
    """

    task: Task
    sizes: tuple[int, ...]
    w: dict[int, Array]
    b: dict[int, Array]
    x: Array
    y: Array
    eta: float = 0.3

    @property
    def n_layers(self) -> int:
        """L, the input layer included."""
        return len(self.sizes)

    @property
    def n_examples(self) -> int:
        """Examples in the batch."""
        return int(self.x.shape[1])

    @property
    def is_square(self) -> bool:
        """Whether all layers have the same width."""
        return len(set(self.sizes)) == 1

    def exercise(self) -> dict[str, Any]:
        """Return the network and the batch in JSON's types, as `backlit.explanation.exercise.Exercise` reads them."""
        return {
            "sizes": list(self.sizes),
            "weights": [w.tolist() for w in self.w.values()],
            "biases": [b[:, 0].tolist() for b in self.b.values()],
            "activation": [self.task.activation(layer, self.n_layers) for layer in self.w],
            "loss": self.task.loss,
            "x": self.x.T.tolist(),
            "y": self.y.T.tolist(),
            "learning_rate": self.eta,
        }

    def example(self, i: int) -> Case:
        """Return the same network with the i-th example alone."""
        return Case(self.task, self.sizes, self.w, self.b, self.x[:, [i]], self.y[:, [i]], self.eta)

    def repeated(self) -> Case:
        """Return the same network with every example twice."""
        return Case(
            self.task, self.sizes, self.w, self.b, np.hstack([self.x, self.x]), np.hstack([self.y, self.y]), self.eta
        )

    def one_hot(self) -> Case:
        """Return the same network and inputs, with a class for each example: 1 for its output, 0 for the others."""
        y = np.eye(self.sizes[-1])[:, np.argmax(self.y, axis=0)]
        return Case(self.task, self.sizes, self.w, self.b, self.x, y, self.eta)


def random_case(rng: np.random.Generator, task: Task, sizes: Sequence[int], n_examples: int) -> Case:
    """Draw a network and a batch."""
    w, b = {}, {}
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        w[i + 2] = rng.normal(size=(n_out, n_in)) * 1.5 / np.sqrt(n_in)
        # away from 0, so that a bias forgotten or counted twice is no rounding error
        b[i + 2] = rng.uniform(0.3, 0.9, size=(n_out, 1)) * rng.choice([-1.0, 1.0, 1.0], size=(n_out, 1))
    x = rng.normal(size=(sizes[0], n_examples))
    return Case(task, tuple(sizes), w, b, x, _targets(rng, task, sizes[-1], n_examples))


def simple_case(rng: np.random.Generator, task: Task, sizes: Sequence[int], n_examples: int) -> Case:
    """Draw a network and a batch whose numbers have one decimal, to be calculated with by hand."""

    def simple(values: Array) -> Array:
        rounded = np.round(values, 1)
        return np.where(rounded == 0, 0.1, rounded)

    case = random_case(rng, task, sizes, n_examples)
    w, b = ({layer: simple(array) for layer, array in arrays.items()} for arrays in (case.w, case.b))
    y = case.y if get_activation(task.output).couples else np.round(case.y % 1.0, 1)  # within what σ can reach
    return replace(case, w=w, b=b, x=simple(case.x), y=y)


def _targets(rng: np.random.Generator, task: Task, n_out: int, n_examples: int) -> Array:
    if get_activation(task.output).couples:
        return np.eye(n_out)[:, rng.integers(n_out, size=n_examples)]
    target = get_loss(task.loss, task.output).target
    if target.high == 1.0:
        return rng.uniform(0.05, 0.95, size=(n_out, n_examples))
    if target == NOT_NEGATIVE:
        return rng.uniform(0.1, 3.0, size=(n_out, n_examples))
    return rng.uniform(0.05, 0.95, size=(n_out, n_examples)) + rng.integers(0, 2, size=(n_out, n_examples))


SQUARE = [(3, 3, 3), (4, 4, 4, 4), (2, 2, 2)]
ALL_DIFFERENT = [(3, 5, 2), (4, 6, 3, 5), (2, 4, 6), (5, 3, 2, 4)]
DEEPER = [(3, 3, 3, 3, 3), (2, 4, 3, 6, 5), (5, 2, 6, 4, 3)]
ONE_OUTPUT = [(4, 3, 1)]


def draw_cases(
    seed: int, task: Task, *, batches: bool, n_layers: int | None = None, labels: bool = False
) -> list[Case]:
    """Draw the networks and batches of one grading.

    Parameters
    ----------
    seed : int
    task : Task
    batches : bool
        Whether the submission takes many examples at once.
    n_layers : int, optional
        Only networks of so many layers, for a submission that is written for them.
    labels : bool, default False
        Whether every target is a class.
    """
    rng = np.random.default_rng(seed)
    cases = []
    drawn = [*SQUARE, *ALL_DIFFERENT, *ONE_OUTPUT, *(DEEPER if n_layers == 5 else [])]
    for i, sizes in enumerate(drawn):
        if sizes[-1] == 1 and (labels or get_activation(task.output).couples):
            continue  # softmax of one neuron is always 1, and so is the one class
        n_examples = [7, 9, 1][i % 3] if batches else 1
        case = random_case(rng, task, sizes, n_examples)
        if n_layers is None or len(sizes) == n_layers:
            cases.append(case.one_hot() if labels else case)
    return cases
