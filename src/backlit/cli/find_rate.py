"""`backlit find-rate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backlit.cli.options import AsJson, DataFile, Quiet, usage, with_options_of
from backlit.cli.reading import ColumnOptions, ReadingOptions, Target, knows_columns, reads_a_table
from backlit.cli.train import BY_PRESET, DEFAULTS, TaskOption
from backlit.tables.options import TableTraining

_OF_WHOLE_TRAININGS = frozenset({"learning_rate", "schedule", "epochs", "patience", "tolerance", "monitor"})


@with_options_of(TableTraining, "training", leave_out=_OF_WHOLE_TRAININGS, defaults=DEFAULTS, decided=BY_PRESET)
@reads_a_table
@knows_columns
def find_rate(
    file: DataFile,
    *,
    target: Target = None,
    task: TaskOption = None,
    training: TableTraining,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw the costs over the rates: a .png or .svg, with matplotlib.", show_default=False),
    ] = None,
    reading: ReadingOptions,
    columns: ColumnOptions,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Suggest a learning rate for `backlit train`, with the same options.

    A network takes 200 steps, each at a higher rate, until the cost explodes. The suggestion is a tenth of the rate at
    which the smoothed cost was least.

    Example: [bold]backlit find-rate housing.csv --target median_house_value --plot rates.png[/bold]
    """
    from backlit.cli.output import check_picture, print_json, remark, status, write_picture
    from backlit.tables.rate_finder import find_table_rate

    target = reading.target(target)
    if plot is not None:
        check_picture(plot, file)
    with status(f"Reading {file} …", quiet=quiet):
        read = reading.read(file, target, usage(columns.as_text, target))
        table, choices = read.frame, usage(columns.choices, read, reading)
    with status("Trying rates …", quiet=quiet):
        found = find_table_rate(
            table,
            target,
            training,
            task=None if task is None else str(task),  # type: ignore[arg-type]
            columns=choices,
            say=lambda message: remark(message, quiet=quiet),
        )
    if plot is not None:
        write_picture(plot, found.plot)
        remark(f"Wrote {plot}.", quiet=quiet)
    if as_json:
        print_json(
            {
                "suggestion": found.suggestion,
                "exploded": found.exploded,
                "rates": found.rates.tolist(),
                "batch_costs": found.batch_costs.tolist(),
                "costs": found.costs.tolist(),
            }
        )
        return
    at = f"The smoothed cost was least at {found.suggestion * 10:.2g}"
    end = f"and exploded at {found.rates[-1]:.2g}" if found.exploded else "and never exploded"
    print(f"{at} {end}. Try --learning-rate {found.suggestion:.2g}")
