"""`backlit predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from backlit.cli.options import DataFile, ModelFile, Quiet, Threads
from backlit.cli.reading import ReadingOptions, read_for, reads_a_table


@reads_a_table
def predict(
    model: ModelFile,
    file: DataFile,
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
    place and is left empty.

    Example: [bold]backlit predict housing.safetensors new.csv --out predictions.csv[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark, status
    from backlit.data.formats.writers import check_format, write_table
    from backlit.persistence import atomic_write, check_writable
    from backlit.tables.model import TableModel

    refuse_to_overwrite(out, model, file)
    if out is not None:
        check_format(out)
        check_writable(out)
    loaded = TableModel.load(model)
    with status(f"Reading {file} …", quiet=quiet):
        table = read_for(loaded, file, reading, quiet=quiet)
    if out is not None:
        check_format(out, 1 + len(loaded.target.classes or ()), len(table))
    with status("Predicting …", quiet=quiet):
        rows, left_out = loaded.schema.read_rows(table)
        frame = _frame(loaded, loaded.predict(rows, n_threads=threads))
    for line in left_out:
        remark(f"Row {line.row:,} gets no prediction, and is left empty: {line.why}.", quiet=quiet)
    frame = _in_place(frame, table.height, {line.row for line in left_out})
    if out is None:
        sys.stdout.write(frame.write_csv())
        return
    with atomic_write(out) as stream:
        write_table(frame, stream, out)
    remark(f"Wrote {rows.height:,} predictions to {out}.", quiet=quiet)


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
