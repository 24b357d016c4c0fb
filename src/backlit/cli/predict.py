"""`backlit predict`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from backlit.cli.options import DataFiles, ModelFile, Quiet, Threads
from backlit.cli.reading import ReadingOptions, reads_a_table
from backlit.cli.reading_for_models import tables_for


@reads_a_table
def predict(
    model: ModelFile,
    file: DataFiles,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File for the predictions: .csv, .csv.gz, .tsv, .parquet, .json, .jsonl, .npz or .xlsx. "
            "Default: standard output.",
            show_default=False,
        ),
    ] = None,
    *,
    reading: ReadingOptions,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Predict the target for each row of a table.

    The result has one column named after the target and, where there are classes, one column probability_<class> each.
    It has one row for each row of the table, in the same order; a line of totals or units, which is none, keeps its
    place and is left empty. Large files of Parquet and CSV are read, and predictions written, in pieces.

    Example: [bold]backlit predict housing.safetensors new.csv --out predictions.csv[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark, status
    from backlit.data.formats.writers import check_format, writing
    from backlit.persistence import atomic_write, check_writable
    from backlit.tables.model import TableModel

    refuse_to_overwrite(out, model, *file)
    if out is not None:
        check_format(out)
        check_writable(out)
    loaded = TableModel.load(model)
    frames = _predicted(loaded, tables_for(loaded, file, reading, quiet=quiet), threads, quiet=quiet)
    if out is None:
        for k, (frame, _) in enumerate(frames):
            sys.stdout.write(frame.write_csv(include_header=k == 0))
        return
    n_rows = 0
    with atomic_write(out) as stream, writing(stream, out) as write:
        for frame, n in frames:
            with status(f"Predicted {n_rows:,} rows …", quiet=quiet):
                write(frame)
            n_rows += n
    remark(f"Wrote {n_rows:,} predictions to {out}.", quiet=quiet)


def _predicted(model: Any, tables: Iterator[Any], threads: int | None, *, quiet: bool) -> Iterator[tuple[Any, int]]:
    """Yield the predictions for tables, a frame for each, and how many they are."""
    from backlit.cli.output import remark, status

    before = 0
    while True:
        with status("Reading and predicting …", quiet=quiet):
            table = next(tables, None)
            if table is None:
                return
            rows, left_out = model.schema.read_rows(table)
            frame = _frame(model, model.predict(rows, n_threads=threads))
        for line in left_out:
            remark(f"Row {line.row + before:,} gets no prediction, and is left empty: {line.why}.", quiet=quiet)
        before += table.height
        yield _in_place(frame, table.height, {line.row for line in left_out}), frame.height


def _frame(model: Any, predictions: Any) -> Any:
    import polars as pl

    values = predictions.values.tolist()
    if isinstance(values[0], bool):
        values = list(map(str, values))  # spelled as in the names of the other columns
    columns = {model.target.name: values}
    if predictions.probabilities is not None:
        for i, label in enumerate(model.target.classes):
            columns[f"probability_{label}"] = predictions.probabilities[:, i]
    return pl.DataFrame(columns)


def _in_place(frame: Any, height: int, left_out: set[int]) -> Any:
    """Return predictions in the places of their rows, with nothing in those of the lines that are no rows."""
    import polars as pl

    if not left_out:
        return frame
    places = iter(range(frame.height))
    frame = frame.select(pl.all().gather([None if row in left_out else next(places) for row in range(1, height + 1)]))
    # An empty line of a file with one column is none to many programs.
    return frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_null(float("nan")))
