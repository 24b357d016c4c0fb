"""What Python answers and pushes: the second half of the contract; `protocol` has the first.

Layers, neurons, examples and rows count from 1 wherever a person sees them. Formulas are texts of MathML, one
``<math>`` for each part that may stand on a line of its own. `Floats` are arrays of float64 of any number of axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backlit.explanation.trace.tree import Floats

Quantity = Literal[
    "x", "w", "b", "z", "a", "sigma_prime", "nabla_a", "delta", "nabla_b", "nabla_w", "b_new", "w_new", "y", "cost"
]


@dataclass(frozen=True)
class Reference:
    """One number of the step: a quantity of a neuron, or with `k` of the weight from neuron k of the layer before.

    `example` counts within the batch in view; None where a number belongs to the batch (w, b, their gradients).
    """

    quantity: Quantity
    layer: int
    neuron: int
    k: int | None = None
    example: int | None = None


@dataclass(frozen=True)
class ColumnView:
    """A column of the table: what it was taken for, its part, and what is done with it in words."""

    name: str
    kind: str
    role: Literal["input", "target", "ignored"]
    operation: str


@dataclass(frozen=True)
class DataView:
    """The data: the table as it came (its first rows), and the same rows as the network sees them.

    Of a wide table `columns` and `rows` hold the first columns and the target, `encoded` the first inputs.
    """

    name: str
    title: str
    source: Literal["built-in", "file", "homework", "model"]
    task: Literal["classification", "regression"]
    n_rows: int
    n_training: int
    n_validation: int
    n_columns: int
    columns: tuple[ColumnView, ...]
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    encoded: Floats
    targets: Floats
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class NetworkView:
    """The network: sizes from the input layer on, σ of layers 2 to L. Without `initialization` weights were given."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    initialization: str | None
    seed: int
    n_parameters: int


@dataclass(frozen=True)
class TrainingView:
    """How the network is trained; a batch size of None is `backlit`'s own choice."""

    solver: str
    learning_rate: float
    batch_size: int | None
    l2: float


@dataclass(frozen=True)
class Move:
    """What was done, so many times in a row: ``step``, ``edit`` or ``epoch``, with words for it."""

    kind: Literal["step", "edit", "epoch"]
    count: int
    words: str


@dataclass(frozen=True)
class TimeView:
    """Where in its history the lab stands: `position` of `length` moves; those after it can be redone."""

    position: int
    length: int
    epoch: int
    playing: bool
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class FeatureView:
    """How one input came from the table."""

    name: str
    column: str
    raw_value: str
    operation: str
    value: float


@dataclass(frozen=True)
class LayerView:
    """One layer of the step, l ≥ 2, for the example in view. z, a, b, δ and the like are of all neurons, ``(n_l,)``.

    `w`, `nabla_w`, `own_nabla_w` and `w_after` are of the weights between neurons that are shown:
    ``(len(shown), len(shown of the layer before))``. `shown` says which (`Show` chooses); all, where they are few.
    Without a target y all from `nabla_a` on is None. `sigma_prime` is None where σ couples the neurons (softmax).
    `nabla_w` and `nabla_b` are the batch's; `own_nabla_w` is the example's, as δ is. A hidden cell is NaN.
    """

    layer: int
    activation: str
    z: Floats
    a: Floats
    w: Floats
    b: Floats
    sigma_prime: Floats | None
    nabla_a: Floats | None
    delta: Floats | None
    short_cut: bool
    nabla_w: Floats | None
    own_nabla_w: Floats | None
    nabla_b: Floats | None
    w_after: Floats | None
    b_after: Floats | None
    shown: tuple[int, ...]


@dataclass(frozen=True)
class Phase:
    """One part of the step: what lights up together, and the equation of the lecture in MathML with what it says.

    `key` is one of ``input``, ``forward``, ``cost``, ``BP1``, ``BP2``, ``gradients`` (BP3 and BP4) and ``update``.
    """

    key: Literal["input", "forward", "cost", "BP1", "BP2", "gradients", "update"]
    layer: int
    title: str
    equation: tuple[str, ...]
    meaning: str
    quantities: tuple[Quantity, ...]


@dataclass(frozen=True)
class TraceView:
    """The step in view: a batch, one of its examples in full, and the phases in which it is worked through.

    `rows` are the batch's rows in the data; `example` is the one in view, counted within the batch. `features` are of
    the inputs that are shown.
    """

    rows: tuple[int, ...]
    names: tuple[str, ...]
    example: int
    learning_rate: float
    cost: float | None
    cost_after: float | None
    costs: Floats
    example_cost: float | None
    cost_summands: Floats | None
    x: Floats
    shown_inputs: tuple[int, ...]
    y: Floats | None
    features: tuple[FeatureView, ...]
    layers: tuple[LayerView, ...]
    phases: tuple[Phase, ...]


@dataclass(frozen=True)
class CellView:
    """A hidden cell of an exercise, and how it stands. `words` say what is wrong, or that it is right."""

    place: Reference
    symbol: str
    state: Literal["open", "right", "wrong", "shown"]
    answer: str
    words: str


@dataclass(frozen=True)
class ExerciseView:
    """The exercise that is being worked on; `number` of `of` on the sheet."""

    title: str
    text: str
    number: int
    of: int
    cells: tuple[CellView, ...]
    n_right: int


@dataclass(frozen=True)
class LabView:
    """Everything in view. Every command that changes the lab answers with it; `notes` are remarks for the user.

    `trace` is None where there is nothing to show, and `trouble` then says why (a value is not finite).
    """

    data: DataView
    network: NetworkView
    training: TrainingView
    time: TimeView
    trace: TraceView | None
    trouble: str
    exercise: ExerciseView | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """Something to choose, with words for it."""

    name: str
    words: str


@dataclass(frozen=True)
class LossChoice:
    """A loss, and the output activations that it goes with."""

    name: str
    activations: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
    """What there is to choose from, and how large things may be."""

    data: tuple[Named, ...]
    activations: tuple[str, ...]
    losses: tuple[LossChoice, ...]
    solvers: tuple[str, ...]
    initializations: tuple[str, ...]
    exports: tuple[Named, ...]
    exercises: tuple[Named, ...]
    most_bytes: int
    most_rows: int
    most_columns: int
    most_layers: int
    most_neurons: int
    most_parameters: int
    most_examples: int
    most_shown: int
    version: str


@dataclass(frozen=True)
class UploadView:
    """A file that came: a table waits for `UseTable`, all else is opened already (`view`)."""

    name: str
    kind: Literal["table", "opened"]
    n_rows: int
    columns: tuple[ColumnView, ...]
    rows: tuple[tuple[str, ...], ...]
    suggested_target: str
    view: LabView | None


@dataclass(frozen=True)
class Opened:
    """The lab that was opened: what can be chosen, what is in view, and a table that waits for its target."""

    choices: Choices
    view: LabView
    waiting: UploadView | None
