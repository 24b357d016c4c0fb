"""The table encoder as C, where all columns are numbers: each column's float to its features."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from backlit.data.encoding import TableEncoding
from backlit.data.plans import BooleanPlan, EmptyPlan, NumberPlan, PiecewisePlan, PixelPlan, Plan
from backlit.errors import InvalidInputError

# beyond ±1e6 the quotient is ±3 to the last digit, and its square need not fit into a double as small as a float
_SCALED = """\
static float scaled(float x, double center, double spread)
{
  const double u = (x - center) / spread;
  if (x != x) return 0.0f; /* missing: the median stands in */
  if (u > 1e6) return 3.0f;
  if (u < -1e6) return -3.0f;
  return (float)(u / sqrt(1.0 + u * u / 9.0));
}"""
_SHADE = """\
static float shade(float x)
{
  return x != x ? 0.0f : x / 255.0f;
}"""
_SIDE = """\
static float side(float x)
{
  return x != x ? 0.0f : 2.0f * x - 1.0f;
}"""
_CROSSED = """\
static float crossed(float x, double low, double high)
{
  if (!(x > low)) return 0.0f; /* a missing one, too */
  return x < high ? (float)((x - low) / (high - low)) : 1.0f;
}"""
_IS_MISSING = """\
static float is_missing(float x)
{
  return x != x ? 1.0f : 0.0f;
}"""


def encode_function(encoder: TableEncoding) -> str:
    """Return the C function ``static void encode(const float *x, float *a1)`` and those it calls.

    Parameters
    ----------
    encoder : TableEncoding
        Fitted.

    Raises
    ------
    InvalidInputError
        If a column holds anything but numbers.
    """
    lines: list[str] = []
    feature = 0
    for j, whole in enumerate(encoder.plans_):
        plan = _without_bins(whole)
        lines.append(f"  a1[{feature}] = {_first_feature(plan)(plan, f'x[{j}]')};")
        if getattr(plan, "missing", False):
            lines.append(f"  a1[{feature + 1}] = is_missing(x[{j}]);")
        feature += len(plan.names())
        edges = whole.edges if isinstance(whole, PiecewisePlan) else ()
        for low, high in pairwise(edges):
            lines.append(f"  a1[{feature}] = crossed(x[{j}], {low!r}, {high!r});")
            feature += 1
    body = "\n".join(lines)
    helpers = [text for name, text in _HELPERS.items() if f" = {name}(" in body]
    # a table of constants alone would leave x unused, which a compiler may complain of
    return "\n\n".join([*helpers, f"static void encode(const float *x, float *a1)\n{{\n  (void)x;\n{body}\n}}"])


def column_notes(encoder: TableEncoding) -> list[str]:
    """Return what each column is, for people, in their order."""
    plans = [_without_bins(plan) for plan in encoder.plans_]
    return [f"{plan.kind}{'; NaN where missing' if not isinstance(plan, PixelPlan) else ''}" for plan in plans]


def _without_bins(plan: Plan) -> Plan:
    return plan.scaled if isinstance(plan, PiecewisePlan) else plan


def _first_feature(plan: Plan) -> Callable[[Plan, str], str]:
    spell = _FEATURES.get(type(plan))
    if spell is None:
        raise InvalidInputError(
            f"Column {plan.column!r} is a {plan.kind}, and the C code takes numbers alone. Export the network behind "
            "the encoder, backlit.to_c(model.network), and give it encoded rows, or train without this column."
        )
    return spell


def _number(plan: Plan, x: str) -> str:
    assert isinstance(plan, NumberPlan)
    return f"scaled({x}, {float(plan.center)!r}, {float(plan.spread)!r})" if plan.spread else "0.0f"


_FEATURES: dict[type[Plan], Callable[[Plan, str], str]] = {
    NumberPlan: _number,
    PixelPlan: lambda plan, x: f"shade({x})",
    BooleanPlan: lambda plan, x: f"side({x})",
    EmptyPlan: lambda plan, x: "0.0f",
}
"""Kind of column → (plan, its x) → the first feature. Categories, dates and durations are not here."""
_HELPERS = {"scaled": _SCALED, "shade": _SHADE, "side": _SIDE, "crossed": _CROSSED, "is_missing": _IS_MISSING}
