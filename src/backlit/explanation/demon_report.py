"""What the demon saw at one neuron, and how it is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from backlit.explanation.columns import aligned, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A ratio that is this near to what a smooth cost gives is called so.
_NEAR = 0.15


@dataclass(frozen=True)
class Move:
    """One move of the demon.

    Attributes
    ----------
    dz : float
        Δz.
    change : float
        C(z + Δz) − C(z).
    predicted : float
        δ Δz.
    remainder : float
        change − predicted.
    lost : bool
        Whether the remainder is no larger than what rounding does to C, so that its digits mean nothing.
    ratio : float or None
        The remainder of the move before, divided by this one's; None where there is none or one of them is lost.
    expected_ratio : float or None
        What it tends to where C is smooth: the square of how much shorter this move is, 4 for half.
    kink : str or None
        The first kink between z and z + Δz; z itself may stand on it.
    """

    dz: float
    change: float
    predicted: float
    remainder: float
    lost: bool
    ratio: float | None
    expected_ratio: float | None
    kink: str | None


@dataclass(frozen=True)
class DemonReport:
    """The demon at one neuron. Layers and neurons count from 1.

    Attributes
    ----------
    layer, neuron : int
        l, from 2, and j.
    activation, loss : str
    n_examples : int
        Every example's z is moved; z, C and δ are means over them.
    z, cost : float
        Before any move.
    delta : float
        ∂C/∂z^l_j.
    moves : tuple of Move
    curve : tuple of (float, float)
        Δz and C(z + Δz), for a plot.
    """

    layer: int
    neuron: int
    activation: str
    loss: str
    n_examples: int
    z: float
    cost: float
    delta: float
    moves: tuple[Move, ...]
    curve: tuple[tuple[float, float], ...]

    @property
    def conclusion(self) -> str:
        """What the moves say of C, in a sentence."""
        if all(move.lost for move in self.moves):
            return "No remainder is left beyond rounding: C is a straight line here, with the slope δ."
        if self.moves[-1].kink is not None:
            return (
                f"Even the last move crosses a kink ({self.moves[-1].kink}): C has no second derivative there, and δ "
                "is the slope of one side alone."
            )
        crossing = [move for move in self.moves if move.kink is not None]
        ratios = [move for move in self.moves if move.ratio is not None and move.kink is None]
        last = ratios[-1] if ratios else None
        words = ""
        if crossing:
            words = f"As far as Δz = {short(crossing[-1].dz)} a kink is crossed ({crossing[-1].kink}). "
        if last is None and self.moves[-1].lost:
            return words + "Nearer to z no remainder is left beyond rounding: C is a straight line there."
        if last is None or last.ratio is None or last.expected_ratio is None:
            return words + "Give more than one Δz, each half of the one before, to see how the remainder shrinks."
        if abs(last.ratio / last.expected_ratio - 1.0) > _NEAR:
            return (
                words + f"The last ratio is {short(last.ratio, 3)}: try smaller Δz, where C is nearer to its tangent."
            )
        halved = last.expected_ratio == 4.0
        law = "each halving of Δz leaves a quarter of the remainder" if halved else "the remainder shrinks as Δz²"
        return f"{words}{'Nearer to z, ' + law if crossing else law[0].upper() + law[1:]}, so δ is the slope of C."

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return header and cells of the moves."""
        header = ["Δz", "C(z+Δz) − C(z)", "δ·Δz", "remainder", "ratio", ""]
        rows = [
            [
                short(move.dz),
                short(move.change),
                short(move.predicted),
                "(rounding)" if move.lost else short(move.remainder, 4),
                short(move.ratio, 3),
                "" if move.kink is None else f"kink: {move.kink}",
            ]
            for move in self.moves
        ]
        return header, rows

    @property
    def title(self) -> str:
        """Where the demon sits, and what he finds there."""
        mean = "" if self.n_examples == 1 else f", means over {self.n_examples:,} examples"
        return (
            f"The demon at neuron {self.neuron} of layer {self.layer} ({self.activation}; {self.loss} cost{mean})\n"
            f"z = {short(self.z)}   C = {short(self.cost)}   δ = ∂C/∂z = {short(self.delta)}"
        )

    def __str__(self) -> str:
        return "\n".join([self.title, "", *aligned(*self.table()), "", self.conclusion])

    def to_dict(self) -> dict[str, Any]:
        """Return the report in JSON's types."""
        return asdict(self) | {"conclusion": self.conclusion, "curve": [list(point) for point in self.curve]}

    def to_svg(self) -> str:
        """Return a picture of C(z + Δz) with its tangent as SVG."""
        from backlit.explanation.demon_plot import to_svg

        return to_svg(self)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw C(z + Δz) with its tangent, by matplotlib.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw. Default: a new figure.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed: ``pip install 'backlit[plot]'``.
        """
        from backlit.explanation.demon_plot import plot

        return plot(self, axes)

    def _repr_svg_(self) -> str:
        return self.to_svg()
