"""What a gradient check found, layer by layer, with the names of the kinks it met. Layers and neurons count from 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backlit.documents.strict_json import AS_NULL, plain


@dataclass(frozen=True)
class Kink:
    """A place where C has no derivative, so that a difference quotient across it is not a gradient.

    Attributes
    ----------
    name : str
        The activation or loss it belongs to; ``"|w|"`` for the l1 penalty, ``"undeclared"`` for one that no activation
        or loss declares, seen in C itself.
    layer, neuron : int
        Where it is.
    example : int or None
        For which row of x; None for a kink of the penalty, or where it is not known.
    at : float
        Value of z (of a − y for a loss, of w for the penalty) that has the kink; NaN where it is not known.
    n_parameters : int
        How many parameters could not be judged because their step crosses it first.
    """

    name: str
    layer: int
    neuron: int
    example: int | None
    at: float
    n_parameters: int

    def __str__(self) -> str:
        of = "" if self.example is None else f" for example {self.example}"
        plural = "parameter" if self.n_parameters == 1 else "parameters"
        return f"{self.name} in layer {self.layer}, neuron {self.neuron}{of}: {self.n_parameters:,} {plural} not judged"


@dataclass(frozen=True)
class ParameterCheck:
    """One parameter's gradient, computed in both ways.

    Attributes
    ----------
    layer, neuron : int
        l, from 2 to L, and j.
    k : int or None
        Neuron of the layer before, for a weight w^l_jk; None for a bias.
    analytic : float
        By backpropagation.
    numeric : float
        By central differences.
    numeric_error : float
        How far `numeric` may be off: what halving the step changes (truncation), plus rounding.
    relative_error : float
        ``|numeric − analytic|`` over the larger of both, or over what rounding leaves of them; ∞ where either is not a
        number.
    """

    layer: int
    neuron: int
    k: int | None
    analytic: float
    numeric: float
    numeric_error: float
    relative_error: float

    @property
    def symbol(self) -> str:
        """As the lecture writes it: ``w^2_13``, ``b^3_1``; ``w^2_1,13`` with long numbers."""
        if self.k is None:
            return f"b^{self.layer}_{self.neuron}"
        return f"w^{self.layer}_{self.neuron}{',' if max(self.neuron, self.k) > 9 else ''}{self.k}"


@dataclass(frozen=True)
class LayerCheck:
    """What was found in one layer.

    Attributes
    ----------
    layer : int
        l, from 2 to L.
    activation : str
    n_checked, n_kinks, n_unclear : int
        How many of its parameters were judged; not judged because their step crosses a kink or bend; not judged because
        the two gradients differ by more than the tolerance, but by less than the quotient's own error.
    worst : ParameterCheck or None
        The judged parameter of the largest relative error; None where none was judged.
    """

    layer: int
    activation: str
    n_checked: int
    n_kinks: int
    n_unclear: int
    worst: ParameterCheck | None

    @property
    def worst_relative_error(self) -> float:
        """Of the judged parameters; 0 where there is none."""
        return 0.0 if self.worst is None else self.worst.relative_error


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradient` found.

    Attributes
    ----------
    layers : tuple of LayerCheck
        Layers 2 to L.
    kinks : tuple of Kink
        Those that were met, the one that hides most parameters first.
    n_parameters : int
        How many the network has.
    tolerance : float
        The largest relative error that counts as right.
    """

    layers: tuple[LayerCheck, ...]
    kinks: tuple[Kink, ...]
    n_parameters: int
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every judged parameter is within the tolerance, and at least one was judged."""
        return self.n_checked > 0 and self.worst_relative_error <= self.tolerance

    @property
    def n_checked(self) -> int:
        """How many parameters were judged."""
        return sum(layer.n_checked for layer in self.layers)

    @property
    def n_kinks(self) -> int:
        """How many were not judged because their step crosses a kink or bend."""
        return sum(layer.n_kinks for layer in self.layers)

    @property
    def n_unclear(self) -> int:
        """How many were not judged because the quotient is too inexact for them."""
        return sum(layer.n_unclear for layer in self.layers)

    @property
    def worst(self) -> ParameterCheck | None:
        """The judged parameter of the largest relative error, or None."""
        judged = [layer.worst for layer in self.layers if layer.worst is not None]
        return max(judged, key=lambda check: check.relative_error, default=None)

    @property
    def worst_relative_error(self) -> float:
        """Over all judged parameters; 0 where there is none."""
        return 0.0 if self.worst is None else self.worst.relative_error

    def to_dict(self) -> dict[str, Any]:
        """Return the report in JSON's types; numbers that are not finite are None."""
        document: dict[str, Any] = plain(self, AS_NULL)
        document |= {"ok": self.ok, "n_checked": self.n_checked, "n_kinks": self.n_kinks, "n_unclear": self.n_unclear}
        for entry, layer in zip(document["layers"], self.layers, strict=True):
            if layer.worst is not None:
                entry["worst"]["symbol"] = layer.worst.symbol
        return document

    def __str__(self) -> str:
        counts = f"{self.n_checked:,} of {self.n_parameters:,} parameters checked"
        worst = self.worst
        if worst is None:
            lines = [f"Gradient check: nothing could be judged; {counts}. Try another x."]
        else:
            lines = [
                f"Gradient check {'passed' if self.ok else 'FAILED'}: {counts}.",
                f"Worst: {worst.symbol}, relative error {worst.relative_error:.1e} (tolerance {self.tolerance:.0e}).",
                f"  by backpropagation {worst.analytic:.12g}",
                f"  by differences     {worst.numeric:.12g} ± {worst.numeric_error:.0e}",
            ]
        lines += [f"Layer {layer.layer} ({layer.activation}): {_verdict(layer)}." for layer in self.layers]
        if self.kinks:
            lines.append(f"{self.n_kinks:,} more at kinks, where C has no derivative, were not judged:")
            lines += [f"  {kink}" for kink in self.kinks[:_SHOWN_KINKS]]
            if len(self.kinks) > _SHOWN_KINKS:
                lines.append(f"  and at {len(self.kinks) - _SHOWN_KINKS:,} other places")
        if self.n_unclear:
            lines.append(
                f"{self.n_unclear:,} more were not judged: C bends so sharply, or rounds so coarsely, that their "
                "difference quotients are not exact enough. Try inputs and weights of smaller size."
            )
        return "\n".join(lines)


_SHOWN_KINKS = 5


def _verdict(layer: LayerCheck) -> str:
    if layer.worst is None:
        return "none checked"
    return f"{layer.n_checked:,} checked, worst {layer.worst.symbol} with {layer.worst.relative_error:.1e}"
