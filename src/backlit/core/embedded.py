"""What is trained beside the lecture's weights and biases: which inputs have embeddings, and whether neurons have α.

Embeddings are `backlit.core.embedding`'s, α is `backlit.core.parametric`'s. Their arrays stand behind those of the
layers, as many of weights as of biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from backlit.errors import InvalidInputError

N_HIDDEN, N_OUT = 16, 3
"""Neurons of the hidden layer of a number's embedding, and numbers that it adds."""

N_OUT_OF_CATEGORY = 8
"""Numbers that stand for a category."""

Shapes: TypeAlias = list[tuple[int, ...]]


@dataclass(frozen=True)
class Embedded:
    """Which inputs are embedded, counted from 0, and which neurons have α.

    Attributes
    ----------
    columns : tuple of int
        Numbers; one may be more than once.
    categories : tuple of (int, int)
        Of each category, its first value and the one behind its last.
    alphas : tuple of int
        Neurons of each hidden layer, where they have α; else empty.
    """

    columns: tuple[int, ...] = ()
    categories: tuple[tuple[int, int], ...] = ()
    alphas: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.columns or self.categories or self.alphas)

    @property
    def of_inputs(self) -> bool:
        """Whether any input is embedded."""
        return bool(self.columns or self.categories)

    @property
    def n_e(self) -> int:
        """How many numbers embeddings give."""
        return N_OUT * len(self.columns) + N_OUT_OF_CATEGORY * len(self.categories)

    @property
    def places(self) -> tuple[int, ...]:
        """The values of all categories, one category after the other."""
        return tuple(k for begin, end in self.categories for k in range(begin, end))

    @property
    def n_added(self) -> int:
        """How many inputs more, or fewer, the network behind has."""
        return self.n_e - len(set(self.places))

    def kept(self, n_in: int) -> list[int]:
        """Return which of so many inputs the network behind gets as they are."""
        left_out = set(self.places)
        return [k for k in range(n_in) if k not in left_out]

    def shapes(self) -> tuple[Shapes, Shapes]:
        """Return the shapes of all weights, and of as many biases."""
        d, weights, biases = len(self.columns), Shapes(), Shapes()
        if d:
            weights, biases = [(d, N_HIDDEN), (d, N_OUT, N_HIDDEN)], [(d, N_HIDDEN), (d, N_OUT)]
        if self.categories:
            weights.append((len(self.places), N_OUT_OF_CATEGORY))
            biases.append((len(self.categories), N_OUT_OF_CATEGORY))
        for n in self.alphas:  # which stand with the biases; weights have as many arrays
            weights.append((0,))
            biases.append((n,))
        return weights, biases

    def check_width(self, n_in: int) -> None:
        """Raise unless all inputs that are embedded are among so many."""
        if not all(0 <= column < n_in for column in self.columns):
            raise InvalidInputError(
                f"Embedded inputs must be among the {n_in}, counted from 0, but {self.columns} came."
            )
        if not all(0 <= begin < end <= n_in for begin, end in self.categories):
            raise InvalidInputError(
                f"The values of an embedded category must be among the {n_in} inputs, counted from 0, but "
                f"{self.categories} came."
            )
        if set(self.columns) & set(self.places):
            raise InvalidInputError("An input cannot be embedded both as a number and as a value of a category.")


NOTHING = Embedded()


def embedded_of(network: Any) -> Embedded:
    """Return what a network or an ensemble has beside its layers: nothing, where it is a plain one."""
    embedded: Embedded = getattr(network, "embedded", NOTHING)
    return embedded
