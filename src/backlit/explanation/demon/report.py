"""The demon at one neuron, as a table, a picture and a document."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from backlit.explanation.demon import picture
from backlit.explanation.demon.moves import NeuronMoves
from backlit.explanation.plain_text import aligned, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class DemonReport(NeuronMoves):
    """The demon at one neuron, and how it is shown. Layers and neurons count from 1.

    What he saw, its attributes, is that of `backlit.explanation.demon.moves.NeuronMoves`.
    """

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
        return picture.to_svg(self)

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
        return picture.plot(self, axes)

    def _repr_svg_(self) -> str:
        return self.to_svg()
