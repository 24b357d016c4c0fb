"""The table encoder as ONNX nodes: one input a column, as skl2onnx has it for data frames.

Numbers, pixels and booleans come as float64, NaN where missing, and are scaled in float64 as the encoder does. Text
comes as text, empty where missing. ONNX has no dates and no durations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from backlit.data.encoding import TableEncoding
from backlit.data.plans import (
    BooleanPlan,
    CategoryPlan,
    DatePlan,
    DurationPlan,
    EmptyPlan,
    NumberPlan,
    PiecewisePlan,
    PixelPlan,
    Plan,
)
from backlit.data.scaling import LIMIT
from backlit.errors import InvalidInputError
from backlit.export.onnx_nodes.graph import OnnxGraph


def add_encoder(graph: OnnxGraph, encoder: TableEncoding) -> str:
    """Append the encoder, and return the name of x, ``(n_rows, n_in)`` in the network's dtype.

    Parameters
    ----------
    graph : OnnxGraph
    encoder : TableEncoding
        Fitted.
    """
    binned = [plan for plan in encoder.plans_ if isinstance(plan, PiecewisePlan)]
    widths = [len(plan.names()) for plan in encoder.plans_]
    plans: list[Plan] = [plan.scaled if isinstance(plan, PiecewisePlan) else plan for plan in encoder.plans_]
    for plan in plans:
        _refuse(plan)
    columns = {plan.column: _declare(graph, plan) for plan in plans}
    place_of = dict(zip(columns, accumulate(widths, initial=0), strict=False))
    # Columns of a kind go through together, so that images do not become thousands of nodes. Their features come out
    # kind by kind, and are put in the encoder's order at the end.
    blocks: list[str] = []
    places: list[int] = []
    for kind, encode in _BLOCKS.items():
        group = [plan for plan in plans if type(plan) is kind]
        if not group:
            continue
        together = graph.add("Concat", *(columns[plan.column] for plan in group), axis=1)
        blocks.append(graph.cast(encode(graph, group, together), graph.dtype))
        places += [place_of[plan.column] for plan in group]
        marked = [k for k, plan in enumerate(group) if getattr(plan, "missing", False)]
        if marked:
            column = graph.add("Gather", together, graph.constant(np.array(marked)), axis=1)
            blocks.append(graph.cast(graph.add("IsNaN", column), graph.dtype))
            places += [place_of[group[k].column] + 1 for k in marked]
    for plan in plans:
        if isinstance(plan, CategoryPlan):
            blocks.append(_category(graph, plan, columns[plan.column]))
            places += range(place_of[plan.column], place_of[plan.column] + len(plan.names()))
    if binned:
        together = graph.add("Concat", *(columns[plan.column] for plan in binned), axis=1)
        blocks.append(graph.cast(_bins(graph, binned, together), graph.dtype))
        for plan in binned:
            begin = place_of[plan.column] + len(plan.scaled.names())
            places += range(begin, begin + len(plan.edges) - 1)
    features = graph.add("Concat", *blocks, axis=1)
    return graph.add("Gather", features, graph.constant(np.argsort(places)), axis=1)


def _refuse(plan: Plan) -> None:
    if isinstance(plan, DatePlan | DurationPlan):
        raise InvalidInputError(
            f"Column {plan.column!r} holds {plan.kind}s, which ONNX does not have. Export the network behind the "
            "encoder, backlit.to_onnx(model.network), or train without this column."
        )
    if isinstance(plan, CategoryPlan) and "" in plan.values:
        raise InvalidInputError(
            f"Column {plan.column!r} has the empty text as a value, which in the ONNX model stands for a missing one. "
            "Replace it before training."
        )


def _declare(graph: OnnxGraph, plan: Plan) -> str:
    if isinstance(plan, CategoryPlan):
        return graph.input(plan.column, "str", 1, "text; empty where missing")
    return graph.input(plan.column, "float64", 1, f"{plan.kind}; NaN where missing")


def _numbers(graph: OnnxGraph, plans: Sequence[Any], columns: str) -> str:
    # the twin of `scale_and_clip`
    center = graph.constant(np.array([plan.center for plan in plans]))
    spread = graph.constant(np.array([plan.spread or np.inf for plan in plans]))
    u = graph.add("Div", graph.add("Sub", columns, center), spread)
    u = graph.add("Clip", u, graph.constant(np.array(-LIMIT)), graph.constant(np.array(LIMIT)))
    third = graph.add("Div", u, _float64(graph, 3))
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", third, third), _float64(graph, 1)))
    return _zero_where_missing(graph, columns, graph.add("Div", u, root))


def _bins(graph: OnnxGraph, plans: Sequence[PiecewisePlan], columns: str) -> str:
    # the twin of `fill_bins`
    of_bin = np.repeat(np.arange(len(plans)), [len(plan.edges) - 1 for plan in plans])
    each = graph.add("Gather", columns, graph.constant(of_bin), axis=1)
    low = np.concatenate([plan.edges[:-1] for plan in plans])
    width = np.concatenate([np.diff(plan.edges) for plan in plans])
    crossed = graph.add("Div", graph.add("Sub", each, graph.constant(low)), graph.constant(width))
    crossed = graph.add("Clip", crossed, graph.constant(np.array(0.0)), graph.constant(np.array(1.0)))
    return _zero_where_missing(graph, each, crossed)


def _pixels(graph: OnnxGraph, plans: Sequence[Any], columns: str) -> str:
    return _zero_where_missing(graph, columns, graph.add("Div", columns, _float64(graph, 255)))


def _booleans(graph: OnnxGraph, plans: Sequence[Any], columns: str) -> str:
    doubled = graph.add("Mul", columns, _float64(graph, 2))
    return _zero_where_missing(graph, columns, graph.add("Sub", doubled, _float64(graph, 1)))


def _zeros(graph: OnnxGraph, plans: Sequence[Any], columns: str) -> str:
    return _zero_where_missing(graph, columns, graph.add("Sub", columns, columns))


_BLOCKS: dict[type[Plan], Callable[[OnnxGraph, Sequence[Any], str], str]] = {
    NumberPlan: _numbers,
    PixelPlan: _pixels,
    BooleanPlan: _booleans,
    EmptyPlan: _zeros,
}
"""Kind of column → (graph, plans, their columns side by side) → the first feature of each, in float64."""


def _float64(graph: OnnxGraph, value: float) -> str:
    return graph.constant(np.array([value], dtype=np.float64))


def _zero_where_missing(graph: OnnxGraph, columns: str, encoded: str) -> str:
    return graph.add("Where", graph.add("IsNaN", columns), _float64(graph, 0), encoded)


def _category(graph: OnnxGraph, plan: CategoryPlan, column: str) -> str:
    n = len(plan.values)
    place = graph.add(
        "LabelEncoder",
        column,
        domain="ai.onnx.ml",
        keys_strings=[*plan.values, ""],
        values_int64s=[*range(n), n + plan.missing],
        default_int64=n,
    )
    is_here = graph.add("Equal", place, graph.constant(np.arange(n + 1 + plan.missing)[None, :]))
    return graph.cast(is_here, graph.dtype)
