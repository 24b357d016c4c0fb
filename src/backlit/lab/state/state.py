"""What one lab is. A state never changes: a command makes another of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from backlit.core.backpropagation import check_loss_fits
from backlit.core.losses import check_targets
from backlit.core.network import Network
from backlit.errors import BacklitError, InvalidInputError
from backlit.explanation.exercise import Exercise
from backlit.explanation.explanation import Explanation
from backlit.lab.data.builtin import built_in
from backlit.lab.data.dataset import Dataset
from backlit.lab.data.sources import from_homework
from backlit.lab.limits import MOST_EXAMPLES, check_sizes, within
from backlit.lab.state.deeds import EpochWith
from backlit.lab.state.history import History, Holding
from backlit.lab.talk.protocol import Pictures
from backlit.lab.talk.replies import TrainingView

if TYPE_CHECKING:
    from backlit.lab.data.tables import Waiting
    from backlit.lab.state.exercises import Sheet, Work
    from backlit.tables.model import TableModel


USUAL_PICTURES = Pictures(curves=True, boundary=True)


@dataclass(frozen=True, eq=False)
class LabState:
    """One lab.

    Attributes
    ----------
    history : History
        Data, network and all that was done.
    training : TrainingView
        How it is trained on.
    initialization : str or None
        How the network's start was drawn; None where its weights were given.
    drawn : bool
        Whether it was drawn at all.
    seed : int
    rows : tuple of int
        The batch of a step, counted from 0.
    example : int
        The one in view, counted from 0 within the batch.
    shown : dict of int to tuple of int
        Neurons that the picture shows, from 1, of layers where somebody chose.
    work : Work or None
        The exercise that is being worked on.
    sheet : Sheet or None
        Exercises to turn to.
    making : Sheet or None
        A sheet that is being made.
    pictures : Pictures
        What comes with every frame.
    waiting : Waiting or None
    model : TableModel or None
        A model of tables that was opened: tables that are uploaded next are rows for it.
    notes : tuple of str
        Remarks on the last command.
    """

    history: History
    training: TrainingView
    drawn: bool = True
    initialization: str | None = None
    seed: int = 0
    rows: tuple[int, ...] = (0,)
    example: int = 0
    shown: dict[int, tuple[int, ...]] = field(default_factory=dict)
    work: Work | None = None
    sheet: Sheet | None = None
    making: Sheet | None = None
    pictures: Pictures = USUAL_PICTURES
    waiting: Waiting | None = None
    model: TableModel | None = None
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Dataset:
        """The data."""
        return self.history.data

    @property
    def network(self) -> Network:
        """The network at the moment in view."""
        return self.history.now.network

    @cached_property
    def step(self) -> Explanation | str:
        """The step of the batch in view with all its numbers, or why there is none."""
        try:
            return self.history.explain(self.network, self.rows, self.training.learning_rate)
        except BacklitError as error:
            return str(error)

    @property
    def explanation(self) -> Explanation:
        """The step of the batch in view, or an error that says why there is none."""
        if isinstance(self.step, str):
            raise InvalidInputError(self.step)
        return self.step

    @property
    def epoch(self) -> EpochWith:
        """An epoch as it would be trained now."""
        how = self.training
        return EpochWith(how.solver, how.learning_rate, how.batch_size, how.l2, self.seed)

    def holding(self, rows: Sequence[int]) -> Holding:
        """Return the network with rows of the data, counted from 0, for `demon` and the like."""
        rate = self.training.learning_rate
        return Holding(self.data.examples(self.network, rows, self.history.loss, rate))

    def in_view(self, batch: bool) -> tuple[int, ...]:
        """Return the rows of the batch, or that of the example in view."""
        return self.rows if batch else (self.rows[self.example],)

    def choosing(self, rows: Sequence[int], example: int) -> LabState:
        """Return the lab with another batch; rows and example count from 0."""
        within("examples in a batch", len(rows), MOST_EXAMPLES, "Choose fewer rows.")
        n = len(self.data.x)
        if not rows or min(rows) < 0 or max(rows) >= n or len(set(rows)) < len(rows):
            raise InvalidInputError(f"Choose rows from 1 to {n:,}, each once, at least one of them.")
        if not 0 <= example < len(rows):
            raise InvalidInputError(f"Choose an example from 1 to {len(rows)}, as many as the batch has.")
        return replace(self, rows=tuple(rows), example=example)

    def with_history(self, history: History, *notes: str) -> LabState:
        """Return the lab with another history; an exercise belongs to the step before and ends."""
        return replace(self, history=history, work=None, notes=notes)


def new_network(
    data: Dataset,
    hidden: Sequence[int],
    activations: Sequence[str],
    output_activation: str,
    loss: str,
    seed: int,
    initialization: str | None,
) -> Network:
    """Return a network that suits the data, checked against the lab's limits."""
    if len(activations) != len(hidden):
        raise InvalidInputError(
            f"There are {len(hidden)} hidden layers but {len(activations)} activations. Give one for each."
        )
    sizes = [data.x.shape[1], *hidden, data.n_outputs]
    check_sizes(sizes)
    network = Network.initialize(sizes, [*activations, output_activation], seed=seed, initialization=initialization)
    check_loss_fits(network, loss)
    if data.y is not None:
        check_targets(loss, data.y)
    return network


def output_activation(data: Dataset, loss: str) -> str:
    """Return the σ of the output layer that goes with a loss."""
    if data.task == "regression":
        return "identity"
    return "softmax" if data.n_outputs > 1 and loss == "cross_entropy" else "sigmoid"


def with_built_in(name: str) -> LabState:
    """Return a lab with a built-in set, and the network that suits it."""
    chosen = built_in(name)
    data = chosen.make()
    output = output_activation(data, chosen.loss)
    # small networks are the lecture's, whose weights are not small
    initialization = "standard_normal" if name == "xor" else None
    network = new_network(data, chosen.hidden, chosen.activations, output, chosen.loss, 0, initialization)
    training = TrainingView(chosen.solver, chosen.learning_rate, None, 0.0)
    rows = (1,) if name == "xor" else (0,)  # inputs of 0 alone would leave the first weights without a gradient
    return LabState(History(data, chosen.loss, network), training, initialization=initialization, rows=rows)


def with_data(data: Dataset) -> LabState:
    """Return a lab with a table, and a network to begin with."""
    loss = "cross_entropy" if data.task == "classification" else "quadratic"
    hidden = (8,) if data.x.shape[1] < 50 else (32,)
    network = new_network(data, hidden, ("tanh",), output_activation(data, loss), loss, 0, None)
    return LabState(History(data, loss, network), TrainingView("adam", 0.01, None, 0.0), notes=data.remarks)


def with_network(data: Dataset, network: Network, loss: str, rate: float, solver: str = "gd") -> LabState:
    """Return a lab with a network whose weights are given."""
    check_sizes(network.sizes)
    batch = tuple(range(min(len(data.x), MOST_EXAMPLES))) if data.source == "homework" else (0,)
    return LabState(
        History(data, loss, network.in_float64()), TrainingView(solver, rate, None, 0.0), drawn=False, rows=batch
    )


def with_homework(exercise: Exercise) -> LabState:
    """Return a lab with a network that was typed in, and its examples."""
    return with_network(from_homework(exercise), exercise.network, exercise.loss, exercise.learning_rate)
