"""What the page and Python say to each other: the contract, from which ``frontend/src/protocol.ts`` is generated.

The page sends ``{"id": 7, "command": "Step", "arguments": {…}}``, and gets ``{"id": 7, "reply": {…}}`` or
``{"id": 7, "error": {"kind": "ShapeError", "message": "…"}}``. What nobody asked for is pushed as
``{"event": "Frame", "content": {…}}``. `COMMANDS` says which reply belongs to which command.

Numbers that JSON lacks are ``{"$number": "NaN"}`` (``"Infinity"``, ``"-Infinity"``). An array is
``{"$array": [shape], "base64": "…"}`` with the bytes of little-endian float64, or in a notebook
``{"$array": [shape], "buffer": 0}``, the number of a buffer that comes along; see `wire`.

Over HTTP, with the header ``X-Backlit-Token`` on every request (the token stands in the page's fragment, ``#token=…``):

===========================================  ========================================================================
``POST /api/labs``                           opens a lab: ``{"lab": "…"}``
``POST /api/labs/{lab}/commands``            a command, as JSON
``POST /api/labs/{lab}/files?name=…``        an uploaded file, its bytes as the body: ``{"reply": …}`` or an error
``GET /api/labs/{lab}/events``               what is pushed, as server-sent events whose data is JSON
``DELETE /api/labs/{lab}``                   closes it
===========================================  ========================================================================

In a notebook the same envelopes go through ``model.send`` and ``msg:custom``. A file is
``{"id": 7, "file": "name", "buffer": 0}``. The view says ``{"ready": true}`` before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from backlit.lab.talk.findings import DemonView, Export, FormulaView, Frame, PicturesView, RankingView, SliceView
from backlit.lab.talk.replies import LabView, Opened, Reference, UploadView


@dataclass(frozen=True)
class Open:
    """Begin: what can be chosen, and what is in view."""


@dataclass(frozen=True)
class Look:
    """Give what is in view once more."""


@dataclass(frozen=True)
class ChooseData:
    """Take a built-in set, with a network that suits it."""

    name: str


@dataclass(frozen=True)
class UseTable:
    """Take the table that was uploaded last, and predict this column. `ignored` columns are no inputs."""

    target: str
    task: Literal["classification", "regression"] | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnterHomework:
    """Take a network typed in by hand, with its examples: the document of `backlit explain --network`.

    Keys ``sizes``, ``weights`` (``w[j][k]``), ``biases``, ``activation`` (a name, or one a layer), ``loss``, ``x``,
    ``y``, ``learning_rate``.
    """

    document: dict[str, Any]


@dataclass(frozen=True)
class OpenDocument:
    """Open the text of a file or of a link's ``state=``: a lab, a sheet of exercises, an exercise or an explanation."""

    text: str


@dataclass(frozen=True)
class SetNetwork:
    """Begin anew with a network of these hidden layers; inputs and outputs follow from the data."""

    hidden: tuple[int, ...]
    activations: tuple[str, ...]
    output_activation: str
    loss: str
    seed: int
    initialization: str | None = None


@dataclass(frozen=True)
class SetTraining:
    """Change how the network is trained. Steps by hand are the lecture's plain descent with the same rate."""

    solver: str
    learning_rate: float
    batch_size: int | None
    l2: float = 0.0


@dataclass(frozen=True)
class Choose:
    """Choose the batch of a step (rows from 1, at most `Choices.most_examples`), and which of them is in view."""

    rows: tuple[int, ...]
    example: int = 1


@dataclass(frozen=True)
class Show:
    """Choose the neurons of a layer (1 is the input) that the picture shows; none: those with the largest |δ|."""

    layer: int
    neurons: tuple[int, ...] = ()


@dataclass(frozen=True)
class Step:
    """Take steps of gradient descent on the batch in view."""

    count: int = 1


@dataclass(frozen=True)
class GoTo:
    """Go back or forward to a position of the history, exactly as it was."""

    position: int


@dataclass(frozen=True)
class Reset:
    """Go back to the start and forget what came after; with a seed, begin with the network of that seed."""

    seed: int | None = None


@dataclass(frozen=True)
class Edit:
    """Set a weight, or without `k` a bias."""

    layer: int
    neuron: int
    value: float
    k: int | None = None


@dataclass(frozen=True)
class Explain:
    """Ask how a number comes about. `terms` of a sum are shown, the largest; None shows all."""

    place: Reference
    terms: int | None = 12
    digits: int = 6


@dataclass(frozen=True)
class AskDemon:
    """Let the demon push at a neuron: Δz, then halved nine times. With `batch`, on all examples of the batch."""

    layer: int
    neuron: int
    dz: float = 1.0
    batch: bool = False


@dataclass(frozen=True)
class RankNeurons:
    """Ask where the demon would push."""

    batch: bool = False


@dataclass(frozen=True)
class SliceCost:
    """Ask for the cost of the batch in view along a weight, or without `k` a bias, so far to both sides."""

    layer: int
    neuron: int
    k: int | None = None
    reach: float = 3.0


@dataclass(frozen=True)
class Pictures:
    """Ask for pictures of how the network does, once or (`SetPictures`) with every frame."""

    curves: bool = False
    boundary: bool = False
    confusion: bool = False
    histograms: bool = False
    flags: bool = False
    horizontal: int = 1
    vertical: int = 2
    resolution: int = 48


@dataclass(frozen=True)
class SetPictures(Pictures):
    """Say which pictures come with every frame."""


@dataclass(frozen=True)
class Play:
    """Train until `Pause`: so many epochs a second (0 as fast as it goes), so many epochs in all at most."""

    speed: float = 0.0
    epochs: int | None = None


@dataclass(frozen=True)
class Pause:
    """Stop playing after the epoch that is under way."""


@dataclass(frozen=True)
class StartExercise:
    """Hide cells of the step in view: one of `Choices.exercises`, or these."""

    kind: str
    places: tuple[Reference, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Answer:
    """Give an answer to a hidden cell, as it was typed."""

    place: Reference
    text: str


@dataclass(frozen=True)
class Reveal:
    """Show a hidden cell, or all."""

    place: Reference | None = None


@dataclass(frozen=True)
class TurnTo:
    """Go to another exercise of the sheet, counted from 1."""

    number: int


@dataclass(frozen=True)
class AddToSheet:
    """Put the exercise in view on the sheet that is being made."""

    title: str = ""


@dataclass(frozen=True)
class EndExercise:
    """Leave the exercise or the sheet."""


@dataclass(frozen=True)
class TakeAway:
    """Ask for a file: one of `Choices.exports`."""

    kind: str
    digits: int = 6
    title: str = ""


COMMANDS: dict[type, type] = {
    Open: Opened,
    **dict.fromkeys((Look, ChooseData, UseTable, EnterHomework, OpenDocument, SetNetwork, SetTraining), LabView),
    **dict.fromkeys((Choose, Show, Step, GoTo, Reset, Edit, Play, Pause), LabView),
    **dict.fromkeys((StartExercise, Answer, Reveal, TurnTo, AddToSheet, EndExercise), LabView),
    Explain: FormulaView,
    AskDemon: DemonView,
    RankNeurons: RankingView,
    SliceCost: SliceView,
    Pictures: PicturesView,
    SetPictures: PicturesView,
    TakeAway: Export,
}
"""What each command is answered with."""

PUSHED: tuple[type, ...] = (Frame,)
"""What comes without being asked for."""

UPLOAD = UploadView
"""What an uploaded file is answered with. Over HTTP it is the body of a POST of its own; in a notebook a buffer."""
