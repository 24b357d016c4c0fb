"""`backlit predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from backlit.cli.options import DataFile, Labels, Missing, ModelFile, Names, Quiet, Separator, Threads


def predict(
    model: ModelFile,
    file: DataFile,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the predictions (.csv, .parquet). Default: standard output.", show_default=False),
    ] = None,
    names: Names = None,
    missing: Missing = None,
    separator: Separator = None,
    labels: Labels = None,
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
        table = read_for(loaded, file, names, missing, separator, labels, quiet=quiet)
    with status("Predicting …", quiet=quiet):
        frame = _frame(loaded, loaded.predict(table, n_threads=threads))
    if out is None:
        sys.stdout.write(frame.write_csv())
        return
    with atomic_write(out) as stream:
        frame.write_parquet(stream) if out.suffix in (".parquet", ".pq") else frame.write_csv(stream)
    remark(f"Wrote {frame.height:,} predictions to {out}.", quiet=quiet)


def read_for(
    model: Any,
    file: Path,
    names: str | None,
    missing: list[str] | None,
    separator: str | None,
    labels: Path | None,
    *,
    quiet: bool,
) -> Any:
    """Read a table for a model, and say which of its columns the model does not use."""
    from backlit.cli.options import split_names
    from backlit.cli.output import remark
    from backlit.cli.tables import read_like_training

    table = read_like_training(
        file,
        model.training.get("reading"),
        names=split_names(names),
        missing=missing,
        separator=separator,
        labels=labels,
        target=model.target.name,
    )
    extra = [name for name in model.encoder.extra_columns(table) if name != model.target.name]
    if extra:
        more = f" and {len(extra) - 5} more" if len(extra) > 5 else ""
        remark(f"Ignored columns that the model was not trained with: {', '.join(extra[:5])}{more}.", quiet=quiet)
    return table


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
