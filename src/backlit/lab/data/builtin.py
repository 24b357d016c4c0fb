"""The built-in sets: small enough to see through, and drawn from fixed seeds, the same numbers for everybody."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backlit.core.initialization import Purpose, stream
from backlit.errors import UnknownNameError
from backlit.explanation.trace.tree import Floats
from backlit.lab.data.dataset import Dataset
from backlit.lab.data.sources import from_arrays, from_table


@dataclass(frozen=True)
class BuiltIn:
    """A built-in set, and the network that it begins with.

    Attributes
    ----------
    words : str
        What it is, in a sentence.
    make : callable
        ``() → Dataset``.
    hidden, activations : tuple
        Neurons and σ of the hidden layers.
    loss : str
    learning_rate : float
    solver : str
    """

    words: str
    make: Callable[[], Dataset]
    hidden: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    learning_rate: float
    solver: str = "gd"


def _xor() -> Dataset:
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    return from_arrays("xor", "XOR", x, y, ["x_1", "x_2"], (0, 1), "x_1 xor x_2")


def _moons(n: int = 200) -> Dataset:
    rng = stream(1, Purpose.SPLIT)
    angle = np.linspace(0.0, math.pi, n // 2)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)])
    x = np.vstack([upper, lower]) - [0.5, 0.25] + 0.12 * rng.standard_normal((n, 2))
    return _shuffled("moons", "Two moons", x, np.repeat([0.0, 1.0], n // 2), rng)


def _spirals(n: int = 300) -> Dataset:
    rng = stream(2, Purpose.SPLIT)
    turn = np.sqrt(rng.uniform(0.02, 1.0, n // 2)) * 3.5 * math.pi
    arm = np.column_stack([np.cos(turn), np.sin(turn)]) * (turn / (3.5 * math.pi))[:, None]
    x = np.vstack([arm, -arm]) + 0.02 * rng.standard_normal((n, 2))
    return _shuffled("spirals", "Two spirals", x, np.repeat([0.0, 1.0], n // 2), rng)


def _shuffled(name: str, title: str, x: Floats, y: Floats, rng: np.random.Generator) -> Dataset:
    order = rng.permutation(len(x))
    # with few decimals, so that every number can be printed in full
    return from_arrays(
        name, title, np.round(x[order], 3), y[order].reshape(-1, 1), ["x_1", "x_2"], ("one", "other"), "class"
    )


def _sine(n: int = 60) -> Dataset:
    rng = stream(3, Purpose.SPLIT)
    x = np.round(np.linspace(-1.0, 1.0, n), 3)
    y = np.round(np.sin(math.pi * x) + 0.05 * rng.standard_normal(n), 3)
    order = rng.permutation(n)
    return from_arrays("sine", "A sine to fit", x[order, None], y[order, None], ["x"], None, "y")


def _iris() -> Dataset:
    import polars as pl
    from sklearn.datasets import load_iris

    found = load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in found.feature_names]
    columns = {name: found.data[:, k] for k, name in enumerate(names)}
    table = pl.DataFrame(columns | {"species": found.target_names[found.target].tolist()})
    rows = stream(4, Purpose.SPLIT).permutation(len(table)).tolist()
    return from_table(table[rows], "species", name="iris", title="Iris", source="built-in")


def _digits() -> Dataset:
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    import polars as pl

    columns = {f"pixel_{i // 8 + 1}_{i % 8 + 1}": images[:, i].astype(np.int64) for i in range(64)}
    table = pl.DataFrame(columns | {"digit": digits.astype(np.int64)})
    return from_table(
        table, "digit", name="digits", title="Handwritten digits", source="built-in", task="classification"
    )


BUILT_IN: dict[str, BuiltIn] = {
    "xor": BuiltIn("four rows that no straight line parts", _xor, (2,), ("sigmoid",), "quadratic", 0.5),
    "moons": BuiltIn("two half moons, 200 points", _moons, (6,), ("tanh",), "cross_entropy", 0.03, "adam"),
    "spirals": BuiltIn("two spirals: hard", _spirals, (16, 16), ("tanh", "tanh"), "cross_entropy", 0.01, "adam"),
    "sine": BuiltIn("one input, a number to predict", _sine, (8,), ("tanh",), "quadratic", 0.02, "adam"),
    "iris": BuiltIn("150 flowers, four lengths, three species", _iris, (5,), ("tanh",), "cross_entropy", 0.02, "adam"),
    "digits": BuiltIn("1,797 images of 8×8 pixels", _digits, (30,), ("relu",), "cross_entropy", 0.003, "adam"),
}


def built_in(name: str) -> BuiltIn:
    """Return a built-in set."""
    if name not in BUILT_IN:
        raise UnknownNameError("built-in set", name, BUILT_IN)
    return BUILT_IN[name]
