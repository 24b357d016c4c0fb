"""The demon's picture: C as he moves z, its tangent δ·Δz, and his moves. As SVG by hand, and by matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from backlit.errors import MissingExtraError
from backlit.explanation.demon.moves import NeuronMoves
from backlit.explanation.plain_text import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVE, TANGENT, INK, FAINT = "#1f5fa8", "#d1495b", "#22262b", "#d9dde2"
_WIDTH, _HEIGHT = 680, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 24, 64, 58
_MOST_TICKS = 7


def to_svg(seen: NeuronMoves) -> str:
    """Return the picture as an SVG document that needs nothing else."""
    low, high = _limits(seen)
    reach = seen.curve[-1][0]

    def x_of(dz: float) -> float:
        return _LEFT + (dz + reach) / (2.0 * reach) * (_WIDTH - _LEFT - _RIGHT)

    def y_of(cost: float) -> float:
        return _HEIGHT - _BOTTOM - (cost - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def point(dz: float, cost: float) -> str:
        return f"{x_of(dz):.1f},{y_of(cost):.1f}"

    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for tick in ticks(-reach, reach):
        x = f"{x_of(tick):.1f}"
        parts.append(f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}" stroke="{FAINT}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 20}" text-anchor="middle">{short(tick)}</text>')
    for tick in ticks(low, high):
        y = f"{y_of(tick):.1f}"
        parts.append(f'<line x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}" stroke="{FAINT}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    parts.append(f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="{INK}"/>')

    tangent = [(dz, seen.cost + seen.delta * dz) for dz in (-reach, reach)]
    curve = " ".join(point(dz, cost) for dz, cost in seen.curve)
    parts.append('<g clip-path="url(#frame)">')
    for move in seen.moves:  # what remains between the curve and the tangent
        on_tangent, on_curve = seen.cost + move.predicted, seen.cost + move.change
        parts.append(
            f'<path d="M{point(move.dz, on_tangent)}L{point(move.dz, on_curve)}" '
            f'stroke="{TANGENT}" stroke-width="1.5" stroke-dasharray="2 3"/>'
        )
    parts.append(
        f'<polyline points="{" ".join(point(*end) for end in tangent)}" fill="none" stroke="{TANGENT}" '
        'stroke-width="2" stroke-dasharray="7 5"/>'
    )
    parts.append(f'<polyline points="{curve}" fill="none" stroke="{CURVE}" stroke-width="2.5"/>')
    for move in seen.moves:
        x, y = point(move.dz, seen.cost + move.change).split(",")
        parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="#fff" stroke="{CURVE}" stroke-width="1.5"/>')
    x, y = point(0.0, seen.cost).split(",")
    parts.append(f'<circle cx="{x}" cy="{y}" r="5" fill="{INK}"/></g>')

    parts.append(_legend(seen))
    middle = (_TOP + bottom) / 2
    parts.append(f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 14}" text-anchor="middle">{_x_label(seen)}</text>')
    parts.append(f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">C(z + Δz)</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="{INK}" role="img">\n'
        f"<title>{escape(_title(seen))}: C and its tangent</title>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n'
        f'<clipPath id="frame"><rect x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP}"/>'
        "</clipPath>\n"
        f'<text x="{_LEFT}" y="26" font-size="16" font-weight="600">{escape(_title(seen))}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def plot(seen: NeuronMoves, axes: Axes | None = None) -> Axes:
    """Draw the picture by matplotlib; see `DemonReport.plot` of `backlit.explanation.demon.report`."""
    if axes is None:
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise MissingExtraError("The demon's plot", "plot") from None
        # not by pyplot, which would keep the figure and need a display in some places
        axes = Figure(figsize=(6.8, 4.2), layout="constrained").add_subplot()
    dz, cost = zip(*seen.curve, strict=True)
    reach = dz[-1]
    axes.axline((0.0, seen.cost), slope=seen.delta, color=TANGENT, linestyle="--", label=_tangent_label(seen))
    axes.plot(dz, cost, color=CURVE, linewidth=2.2, label="C(z + Δz)")
    at = [move.dz for move in seen.moves]
    ends = [seen.cost + move.change for move in seen.moves]
    axes.vlines(at, [seen.cost + move.predicted for move in seen.moves], ends, colors=TANGENT, linestyles=":")
    axes.plot(at, ends, "o", color=CURVE, markerfacecolor="white", markersize=5, label="his moves")
    axes.plot([0.0], [seen.cost], "o", color=INK, label="z as it is")
    axes.set(title=_title(seen), xlabel=_x_label(seen), ylabel="C(z + Δz)", xlim=(-reach, reach), ylim=_limits(seen))
    axes.grid(color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return axes


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two numbers, a handful of them: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / (_MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw * (1.0 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _limits(seen: NeuronMoves) -> tuple[float, float]:
    # The curve and the moves, with some air; the tangent may leave the frame, but not so that it cannot be told from
    # the axis: as much of it is shown as the curve is high.
    costs = [cost for _, cost in seen.curve]
    low, high = min(costs), max(costs)
    span = high - low
    for dz in (seen.curve[0][0], seen.curve[-1][0]):
        end = seen.cost + seen.delta * dz
        low, high = min(low, max(end, low - 0.35 * span)), max(high, min(end, high + 0.35 * span))
    span = high - low
    if span <= 1e-12 * max(abs(high), 1e-300):  # a flat line
        span = abs(high) or 1.0
    return low - 0.06 * span, high + 0.06 * span


def _title(seen: NeuronMoves) -> str:
    return f"The demon at neuron {seen.neuron} of layer {seen.layer} ({seen.activation})"


def _x_label(seen: NeuronMoves) -> str:
    return f"Δz, added to z = {short(seen.z, 4)}"


def _tangent_label(seen: NeuronMoves) -> str:
    return f"tangent C + δ·Δz, δ = {short(seen.delta, 4)}"


def _legend(seen: NeuronMoves) -> str:
    # on one line under the title, where nothing can lie behind it
    y = 47
    entries = [
        (f'<line x1="0" y1="{y - 4}" x2="22" y2="{y - 4}" stroke="{CURVE}" stroke-width="2.5"/>', "C(z + Δz)", 112),
        (
            f'<line x1="0" y1="{y - 4}" x2="22" y2="{y - 4}" stroke="{TANGENT}" stroke-width="2" '
            'stroke-dasharray="7 5"/>',
            _tangent_label(seen),
            0,
        ),
        (f'<circle cx="15" cy="{y - 4}" r="5" fill="{INK}"/>', "z as it is", 104),
        (f'<circle cx="15" cy="{y - 4}" r="3" fill="#fff" stroke="{CURVE}" stroke-width="1.5"/>', "his moves", 0),
    ]
    x, parts = _LEFT, []
    for sign, words, width in entries:
        parts.append(f'<g transform="translate({x} 0)">{sign}<text x="29" y="{y}">{escape(words)}</text></g>')
        x += width or 48 + 7 * len(words)
    return "".join(parts)
