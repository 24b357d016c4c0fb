"""`backlit find-rate`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backlit.cli.dataclass_options import with_options_of
from backlit.cli.options import AsJson, DataFile, Quiet
from backlit.cli.reading import ReadingOptions, Target, reads_a_table
from backlit.cli.train import TaskOption
from backlit.tables.options import TableTraining

if TYPE_CHECKING:
    from backlit.training.rate_search import RateSearch

_OF_WHOLE_TRAININGS = frozenset({"learning_rate", "schedule", "epochs", "patience", "tolerance", "monitor"})


@with_options_of(TableTraining, "training", leave_out=_OF_WHOLE_TRAININGS)
@reads_a_table
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
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Suggest a learning rate for `backlit train`, with the same options.

    A network takes 200 steps, each at a higher rate, until the cost explodes. The suggestion is a tenth of the rate at
    which the smoothed cost was least.

    Example: [bold]backlit find-rate housing.csv --target median_house_value --plot rates.png[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import print_json, remark, status
    from backlit.persistence import check_writable
    from backlit.tables.rate_finder import find_table_rate

    target = reading.target(target)
    if plot is not None:
        if plot.suffix.lower() not in (".svg", ".png"):
            raise typer.BadParameter(f"{plot.name!r} must end in .svg or .png.", param_hint="--plot")
        refuse_to_overwrite(plot, file)
        check_writable(plot)
    with status(f"Reading {file} …", quiet=quiet):
        table = reading.read(file, target)
    with status("Trying rates …", quiet=quiet):
        found = find_table_rate(
            table,
            target,
            training,
            task=None if task is None else str(task),  # type: ignore[arg-type]
            say=lambda message: remark(message, quiet=quiet),
        )
    if plot is not None:
        _draw(found, plot)
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


def _draw(found: RateSearch, path: Path) -> None:
    from backlit.persistence import atomic_write

    drawn = io.BytesIO()
    figure = found.plot().get_figure(root=True)
    assert figure is not None
    figure.savefig(drawn, format=path.suffix[1:].lower(), dpi=160)
    with atomic_write(path) as stream:
        stream.write(drawn.getvalue())
