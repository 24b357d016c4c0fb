"""How a table model is trained: the options of `backlit train`, and their defaults."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from backlit.core.activations import get_activation
from backlit.core.initialization import Purpose, stream
from backlit.core.losses import loss_name
from backlit.core.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from backlit.core.penalty import Penalty
from backlit.core.precision import PRECISIONS
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.training.schedules import get_schedule

_OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "sgd": lambda: SGD(momentum=0.9, nesterov=True),
    "gd": SGD,
}
SOLVERS = tuple(_OPTIMIZERS)
DEFAULT_BATCH_SIZE = 128


@dataclass(frozen=True)
class TableTraining:
    """How a table model is trained. The defaults suit tables of some thousand to some hundred thousand rows.

    Attributes
    ----------
    hidden : tuple of int
        Neurons of each hidden layer.
    activation : str
        Of the hidden layers.
    loss : str or None
        None: cross-entropy for classes, quadratic for numbers.
    solver : str
        ``gd`` is the lecture's: all rows in one batch.
    learning_rate : float or None
        None: 0.001, for ``sgd`` and ``gd`` 0.05.
    schedule : str
        A name of `backlit.training.schedules.SCHEDULES`.
    batch_size : int or None
        None: 128, or all rows where there are fewer.
    epochs, patience : int
        Training stops when the validation cost has not fallen for more than `patience` epochs, and gives back the best.
    alpha, l2, l1 : float
        See `backlit.core.penalty.Penalty`.
    validation_fraction : float
        Share of the rows held out where no validation table is given; 0 for none, and no early stopping.
    precision : str
        Of the products in training; see `backlit.core.precision`.
    """

    hidden: tuple[int, ...] = (256, 128)
    activation: str = "relu"
    loss: str | None = None
    solver: str = "adam"
    learning_rate: float | None = None
    schedule: str = "cosine"
    batch_size: int | None = None
    epochs: int = 60
    patience: int = 12
    alpha: float = 1e-4
    l2: float = 0.0
    l1: float = 0.0
    validation_fraction: float = 0.1
    seed: int = 0
    dtype: str = "float32"
    precision: str = "full"

    def __post_init__(self) -> None:
        if self.solver not in SOLVERS:
            raise UnknownNameError("solver", self.solver, SOLVERS)
        get_activation(self.activation)
        get_schedule(self.schedule)
        stream(self.seed, Purpose.SHUFFLE)
        if self.precision not in PRECISIONS:
            raise UnknownNameError("precision", self.precision, PRECISIONS)
        if self.loss is not None:
            object.__setattr__(self, "loss", loss_name(self.loss))
        if min(self.hidden, default=1) < 1:
            raise InvalidInputError(f"Every hidden layer needs a neuron, but hidden is {self.hidden}.")
        _ = self.penalty
        if not 0 <= self.validation_fraction < 1:
            raise InvalidInputError(
                f"The validation fraction must be at least 0 and less than 1, but {self.validation_fraction!r} came."
            )
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise InvalidInputError(f"The learning rate must be a positive number, but {self.learning_rate!r} came.")

    @property
    def rate(self) -> float:
        """Base learning rate."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 0.05 if self.solver in ("sgd", "gd") else 0.001

    @property
    def penalty(self) -> Penalty:
        """What large weights cost."""
        return Penalty(l2=self.l2, l1=self.l1, alpha=self.alpha)

    def optimizer(self) -> Optimizer:
        """Return the optimizer that the solver stands for."""
        return _OPTIMIZERS[self.solver]()

    def rows_a_step(self, n_rows: int, say: Callable[[str], object]) -> int:
        """Return the batch size for this many training rows; say so where the one asked for is too large."""
        if self.solver == "gd":
            return n_rows
        if self.batch_size is not None and self.batch_size > n_rows:
            say(f"The batch size of {self.batch_size:,} is larger than the {n_rows:,} training rows; it was clipped.")
        return min(self.batch_size or DEFAULT_BATCH_SIZE, n_rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as plain JSON, with the learning rate that was used."""
        options = asdict(self) | {"learning_rate": self.rate}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
