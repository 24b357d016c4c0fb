"""The numbers of a step as CSV. A spreadsheet reads some cells as formulas, so text from a table is made harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from backlit.explanation.explanation import Explanation
from backlit.lab.state.state import LabState

HEAD = ("quantity", "layer", "neuron", "from", "example", "value", "name")


def step_as_csv(state: LabState) -> str:
    """Return every number of the step in view, one a row, exact."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(HEAD)
    writer.writerows(_rows(state.explanation, state.data.features))
    return written.getvalue()


def _rows(step: Explanation, features: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    last = step.n_layers
    outputs = [harmless(name) for name in step.output_names or ()]
    for e, example in enumerate(step.examples, start=1):
        for k, value in enumerate(example.x.tolist()):
            yield "x", 1, k + 1, "", e, repr(value), harmless(features[k])
        for layer in example.layers:
            vectors = {"z": layer.z, "a": layer.a}
            if layer.error is not None:
                vectors |= {"delta": layer.error.delta}
            for quantity, values in vectors.items():
                for j, value in enumerate(values.tolist()):
                    named = outputs[j] if layer.layer == last and outputs else ""
                    yield quantity, layer.layer, j + 1, "", e, repr(value), named
        if example.cost is not None:
            yield "cost", last, "", "", e, repr(example.cost), ""
    for parameters in step.parameters:
        taken = parameters.step
        matrices = {"w": parameters.w} | ({} if taken is None else {"nabla_w": taken.nabla_w, "w_new": taken.w_after})
        vectors = {"b": parameters.b} | ({} if taken is None else {"nabla_b": taken.nabla_b, "b_new": taken.b_after})
        for quantity, matrix in matrices.items():
            for j, row in enumerate(matrix.tolist()):
                for k, value in enumerate(row):
                    yield quantity, parameters.layer, j + 1, k + 1, "", repr(value), ""
        for quantity, vector in vectors.items():
            for j, value in enumerate(vector.tolist()):
                yield quantity, parameters.layer, j + 1, "", "", repr(value), ""


def harmless(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text
