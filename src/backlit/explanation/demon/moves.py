"""What the demon saw at one neuron as he moved its weighted input, and what that says about C."""

from __future__ import annotations

from dataclasses import dataclass

from backlit.explanation.plain_text import short

# Within this share of the ratio that a smooth cost gives, C is called smooth.
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
class NeuronMoves:
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
