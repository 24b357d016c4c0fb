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
        typer.Option(help="File for the predictions (.csv, .parquet). Default: standard output.", show_default=False),
    ] = None,
    *,
    reading: ReadingOptions,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Predict the target for each row of a table.

    The result has one column named after the target and, where there are classes, one column probability_<class> each.
    It has one row for each row of the table, in the same order.

    Example: [bold]backlit predict housing.safetensors new.csv --out predictions.csv[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark, status
    from backlit.persistence import atomic_write, check_writable
    from backlit.tables.model import TableModel

    refuse_to_overwrite(out, model, file)
    if out is not None:
        check_writable(out)
    loaded = TableModel.load(model)
    with status(f"Reading {file} …", quiet=quiet):
        table = read_for(loaded, file, reading, quiet=quiet)
    with status("Predicting …", quiet=quiet):
        frame = _frame(loaded, loaded.predict(table, n_threads=threads))
    if out is None:
        sys.stdout.write(frame.write_csv())
        return
    with atomic_write(out) as stream:
        frame.write_parquet(stream) if out.suffix in (".parquet", ".pq") else frame.write_csv(stream)
    remark(f"Wrote {frame.height:,} predictions to {out}.", quiet=quiet)


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
