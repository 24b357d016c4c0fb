"""What Python answers to questions about the lab's numbers: formulas, the demon, pictures of a training, answers.

The third part of the contract, beside `protocol` and `replies`; the same conventions hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backlit.explanation.trace.tree import Floats
from backlit.lab.talk.replies import Reference


@dataclass(frozen=True)
class Factor:
    """A number that goes into a summand, as it is printed, and where it comes from; `place` None for μ and 1/n."""

    place: Reference | None
    symbol: str
    value: float
    printed: str


@dataclass(frozen=True)
class Summand:
    """One term of a sum: its symbols and its numbers as MathML, and its factors, whose printed values multiply to it.

    Both MathML texts begin with the sign before the summand. `count` is more than 1 for the one summand that
    stands for all terms not shown; it has no factors, and its printed value is their total.
    """

    symbols: str
    numbers: str
    value: float
    printed: str
    factors: tuple[Factor, ...]
    count: int


@dataclass(frozen=True)
class Agreement:
    """Whether the sum of what is printed is what is printed, within what rounding the printed digits may do.

    `summed` is the exact sum of the printed summands times the printed factor behind the sum (`times`, where there is
    one), `shown` the printed result and `slack` how far rounding may carry them apart; all three are decimal texts.
    """

    agrees: bool
    summed: str
    shown: str
    slack: str
    sentence: str


@dataclass(frozen=True)
class DifferenceCheck:
    """The derivative beside a difference quotient of the cost, and how exact that is."""

    analytic: float
    numeric: float
    numeric_error: float
    verdict: Literal["agrees", "differs", "kink", "unclear"]
    sentence: str


@dataclass(frozen=True)
class FormulaRow:
    """``left = part = part``; each part is a list of MathML texts between which a line may be broken."""

    left: str
    parts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class FormulaView:
    """How one number comes about.

    `symbol` and `spoken` are its name as MathML and in words; `law` is the lecture's equation, called `law_name`, and
    `meaning` what it says; `rows` are the equation with the numbers put in. A sum has `summands`; their total, times
    `times` where that is not None, is `value`. `goes_into` are numbers that are made of this one.
    """

    place: Reference
    symbol: str
    spoken: str
    law_name: str
    law: str
    meaning: str
    rows: tuple[FormulaRow, ...]
    summands: tuple[Summand, ...]
    times: Factor | None
    value: float
    printed: str
    agreement: Agreement | None
    check: DifferenceCheck | None
    origin: str
    goes_into: tuple[Reference, ...]


@dataclass(frozen=True)
class DemonView:
    """The demon at one neuron: his halving table, C(z + Δz) with its tangent, and the move he was asked for.

    Arrays ``(n_moves,)``: `dz`, `change`, `predicted`, `remainder`, `ratio` (NaN where there is none), `lost` (1 where
    the remainder is lost in rounding), and `kinks`, empty texts where none is crossed. `curve_dz` and `curve_cost` draw
    C, and `tangent` is ``cost + delta · Δz``. The first move is the one he was asked for.
    """

    layer: int
    neuron: int
    activation: str
    n_examples: int
    z: float
    cost: float
    delta: float
    dz: Floats
    change: Floats
    predicted: Floats
    remainder: Floats
    ratio: Floats
    lost: Floats
    kinks: tuple[str, ...]
    curve_dz: Floats
    curve_cost: Floats
    tangent: Floats
    conclusion: str
    spoken: str


@dataclass(frozen=True)
class DemonPlaceView:
    """A neuron as the demon sees it."""

    layer: int
    neuron: int
    delta: float
    verdict: str


@dataclass(frozen=True)
class RankingView:
    """Where would the demon push? The largest |δ| first."""

    title: str
    places: tuple[DemonPlaceView, ...]


@dataclass(frozen=True)
class SliceView:
    """The cost along one weight or bias, all others as they are, with the tangent whose slope is its gradient."""

    place: Reference
    value: float
    cost: float
    slope: float
    values: Floats
    costs: Floats
    tangent: Floats


@dataclass(frozen=True)
class CurvesView:
    """Cost after each epoch; the arrays for validation are empty where no rows are held out."""

    epochs: Floats
    cost: Floats
    validation_cost: Floats
    validation_metric: Floats
    metric: str


@dataclass(frozen=True)
class BoundaryView:
    """What the network says over two inputs, all others at the values of the example in view.

    `horizontal` and `vertical` are the inputs' numbers from 1; `outputs` is ``(n_vertical, n_horizontal, n_out)``.
    `points` are rows of the data ``(n_points, 3)``: both inputs, and the class from 0 or the target.
    """

    horizontal: int
    vertical: int
    names: tuple[str, ...]
    x: Floats
    y: Floats
    outputs: Floats
    points: Floats


@dataclass(frozen=True)
class FitView:
    """For one input and a number to predict: the network's curve beside the data, ``(n, 2)`` each."""

    curve: Floats
    points: Floats


@dataclass(frozen=True)
class ConfusionView:
    """Rows are the true classes, columns what the network says: `counts` ``(n_classes, n_classes)``."""

    labels: tuple[str, ...]
    counts: Floats
    accuracy: float
    rows: Literal["training", "validation"]


@dataclass(frozen=True)
class Histogram:
    """Of a layer's a, δ, or of one step's changes of its weights: `edges` has one entry more than `counts`."""

    layer: int
    quantity: Literal["a", "delta", "update"]
    edges: Floats
    counts: Floats


@dataclass(frozen=True)
class Flag:
    """What `diagnose` found; `layer` 0 concerns the whole network."""

    kind: str
    layer: int
    what: str
    try_this: str


@dataclass(frozen=True)
class LayerHealthView:
    """Shares of a layer's neurons, from 0 to 1, and the sizes of its δ and w."""

    layer: int
    dead: float
    saturated: float
    delta: float
    weight: float


@dataclass(frozen=True)
class PicturesView:
    """The pictures that were asked for; the others are None."""

    curves: CurvesView | None
    boundary: BoundaryView | None
    fit: FitView | None
    confusion: ConfusionView | None
    histograms: tuple[Histogram, ...]
    flags: tuple[Flag, ...]
    health: tuple[LayerHealthView, ...]


@dataclass(frozen=True)
class Frame:
    """Pushed while training plays, at most 20 a second.

    Attributes as of the newest epoch; `epochs_per_second` since the last frame. `ended` says why playing ended, and is
    empty as long as it goes on. Where a view needs the step itself, ask for it with `Look` after playing has ended.
    """

    epoch: int
    position: int
    cost: float
    validation_cost: float | None
    validation_metric: float | None
    epochs_per_second: float
    pictures: PicturesView
    ended: str


@dataclass(frozen=True)
class Export:
    """A file to take away: its text, or where it is no text its bytes in base64 (`content` is then empty)."""

    name: str
    media_type: str
    content: str
    base64: str
