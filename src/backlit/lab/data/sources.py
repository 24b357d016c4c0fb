"""Where data come from: arrays, a network typed in by hand, a table, a model that was opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.core.network import Network
from backlit.engine.whole_bytes import widened
from backlit.explanation.exercise import Exercise
from backlit.explanation.plain_text import short
from backlit.explanation.trace.tree import Floats
from backlit.lab.data.dataset import PREVIEW, Dataset, Source
from backlit.lab.limits import MOST_COLUMNS, within
from backlit.lab.talk.replies import ColumnView

if TYPE_CHECKING:
    from backlit.tables.model import TableModel
    from backlit.tables.start import TableStart
    from backlit.tables.table_target import Task


def from_arrays(
    name: str, title: str, x: Floats, y: Floats, features: Sequence[str], classes: Sequence[Any] | None, target: str
) -> Dataset:
    """Return data that need no encoding: numbers as they are.

    Parameters
    ----------
    x : array, ``(n_rows, n_in)``
    y : array, ``(n_rows, 1)``
        0 and 1 for two classes.
    classes : sequence or None
        None for a number to predict.
    target : str
        What is predicted.
    """
    from backlit.tables.table_target import TableTarget

    told = TableTarget(target, None if classes is None else tuple(classes), 1)
    names = None if classes is None else list(map(str, classes))
    return Dataset(
        name=name,
        title=title,
        source="built-in",
        x=x,
        y=y,
        features=tuple(features),
        outputs=tuple(told.output_names),
        target=told,
        cells=tuple(
            (*map(short, row), short(value) if names is None else names[int(value)])
            for row, value in zip(x[:PREVIEW], y[:PREVIEW, 0], strict=True)
        ),
        columns=(
            *(ColumnView(feature, "number", "input", "as it is") for feature in features),
            ColumnView(
                target,
                "number" if names is None else "classes",
                "target",
                "as it is" if names is None else "0 for the first class, 1 for the second",
            ),
        ),
    )


def from_homework(exercise: Exercise) -> Dataset:
    """Return the examples of a network that was typed in."""
    n_in, n_out = exercise.network.sizes[0], exercise.network.sizes[-1]
    features, outputs = (tuple(f"{letter}_{k + 1}" for k in range(n)) for letter, n in (("x", n_in), ("y", n_out)))
    both = exercise.x if exercise.y is None else np.hstack([exercise.x, exercise.y])
    return Dataset(
        name="homework",
        title="My homework",
        source="homework",
        x=exercise.x,
        y=exercise.y,
        features=features,
        outputs=outputs,
        cells=tuple(tuple(short(value) for value in row) for row in both[:PREVIEW]),
        columns=(
            *(ColumnView(name, "number", "input", "as it is") for name in features),
            *(ColumnView(name, "number", "target", "as it is") for name in outputs if exercise.y is not None),
        ),
    )


def from_table(
    frame: Any,
    target: str,
    *,
    name: str,
    title: str,
    source: Source = "file",
    task: Task | None = None,
    ignored: Sequence[str] = (),
    raw: bytes = b"",
    remarks: Sequence[str] = (),
) -> Dataset:
    """Learn the columns of a table, and return it as the network is to see it.

    Parameters
    ----------
    frame : dataframe
    target : str
        Column to predict.
    task : {"classification", "regression"}, optional
        Default: inferred, and said.
    ignored : sequence of str
        Columns that are no inputs.
    """
    from backlit.data.frames import in_polars
    from backlit.tables.options import TableTraining
    from backlit.tables.start import TableStart

    frame = in_polars(frame).table
    within("columns", frame.width, MOST_COLUMNS, "Leave some out of the file.")
    said = list(remarks)
    kept = frame.drop([column for column in ignored if column in frame.columns and column != target])
    options = TableTraining(hidden=(), dtype="float64")
    start = TableStart.of(kept, target, options, task, said.append)
    # what is said of each column has its place in the view, and options are the command line's
    said = [line.replace(" (override with --task)", "") for line in said if line != "Columns:" and line[:2] != "  "]
    schema = start.encoder.schema_
    table = _read(kept, start)
    told = start.target
    steps: dict[str, list[str]] = {}
    for step in start.encoder.describe_row(table, 0):
        steps.setdefault(step.column, []).append(step.operation)
    return Dataset(
        name=name,
        title=title,
        source=source,
        x=np.asarray(widened(start.examples.x, start.training.dtype), dtype=np.float64),
        y=np.asarray(start.examples.y, dtype=np.float64),
        features=tuple(map(str, start.encoder.get_feature_names_out())),
        outputs=tuple(told.output_names),
        target=told,
        table=table,
        encoder=start.encoder,
        cells=_cells(table),
        columns=tuple(
            _column(each, steps.get(each, []), start)
            for each in table.columns
            if each in schema.by_name or each == target
        )
        + tuple(ColumnView(each, "", "ignored", "left out") for each in ignored),
        raw=raw,
        ignored=tuple(ignored),
        remarks=tuple(said),
    )


def _read(frame: Any, start: TableStart) -> Any:
    from backlit.data import check_target
    from backlit.tables.table_target import schema_of

    table, _ = schema_of(start.encoder, start.target).read_rows(frame)
    return check_target(table, start.target.name)[0]


def _cells(table: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple("" if cell is None else str(cell) for cell in row) for row in table.head(PREVIEW).iter_rows())


def _column(name: str, steps: list[str], start: TableStart) -> ColumnView:
    target = start.target
    if name == target.name:
        if target.classes is not None:
            return ColumnView(
                name,
                "classes",
                "target",
                f"{len(target.classes)} classes, one output each"
                if target.n_outputs > 1
                else "two classes, one output: 0 or 1",
            )
        scaler = target.scaler
        words = "as it is" if scaler is None else f"(y − {scaler.mean:.6g}) / {scaler.scale:.6g}"
        return ColumnView(name, "number", "target", words)
    column = start.encoder.schema_.by_name[name]
    words = "; ".join(steps[:3]) + (f"; … {len(steps)} inputs" if len(steps) > 3 else "")
    return ColumnView(name, str(column.kind), "input" if column.is_used else "ignored", words or "left out")


def from_model(model: TableModel | None, network: Network, name: str, table: Any = None) -> Dataset:
    """Return the data of a model that was opened: its own columns with the rows of a table, or with one middle row."""
    n_in, n_out = network.sizes[0], network.sizes[-1]
    blank = Dataset(
        name=name,
        title=name,
        source="model",
        x=np.zeros((1, n_in)),
        y=None,
        features=tuple(f"x_{k + 1}" for k in range(n_in)),
        outputs=tuple(f"y_{k + 1}" for k in range(n_out)),
        remarks=("The model came without rows: every input is 0. Upload a table with its columns to see rows of it.",),
    )
    if model is None:
        return blank
    told = replace(
        blank,
        features=tuple(map(str, model.encoder.get_feature_names_out())),
        outputs=tuple(model.target.output_names),
        target=model.target,
        encoder=model.encoder,
        columns=(
            *(
                ColumnView(column.name, str(column.kind), "input" if column.is_used else "ignored", "as in training")
                for column in model.encoder.schema_.columns
            ),
            ColumnView(model.target.name, "", "target", "as in training"),
        ),
    )
    if table is None:
        return told
    from backlit.tables.rows import labeled

    remarks: list[str] = []
    rows, column = labeled(model.schema.read(table), model.target, remarks)
    x = np.asarray(model.encoder.transform(rows), dtype=np.float64)
    y = np.asarray(model.target.encode(column), dtype=np.float64)
    return replace(told, x=x, y=y, table=rows, cells=_cells(rows), remarks=tuple(remarks))
