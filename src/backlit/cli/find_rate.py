"""`backlit find-rate`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backlit.cli.options import AsJson, DataFile, Labels, Missing, Names, Quiet, Separator, Threads
from backlit.cli.train import Task

if TYPE_CHECKING:
    from backlit.estimators.rate_finder import RateSearch


def find_rate(
    file: DataFile,
    target: Annotated[
        str | None, typer.Option(help="Column to predict. With --labels it is called 'label'.", show_default=False)
    ] = None,
    task: Annotated[
        Task | None, typer.Option(help="Default: inferred from the target, and said.", show_default=False)
    ] = None,
    hidden: Annotated[str, typer.Option(help="Neurons of each hidden layer, separated by commas.")] = "256,128",
    activation: Annotated[str, typer.Option(help="Activation of the hidden layers.")] = "relu",
    loss: Annotated[
        str | None,
        typer.Option(help="Default: cross_entropy for classes, quadratic for numbers.", show_default=False),
    ] = None,
    solver: Annotated[str, typer.Option(help="adam, adamw, rmsprop, sgd (Nesterov's momentum 0.9) or gd.")] = "adam",
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Rows a step. Default: 128, or all where there are fewer.", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw the costs over the rates: a .png or .svg, with matplotlib.", show_default=False),
    ] = None,
    names: Names = None,
    missing: Missing = None,
    separator: Separator = None,
    labels: Labels = None,
    seed: Annotated[int, typer.Option(min=0, help="Source of all that is random.")] = 0,
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Suggest a learning rate for `backlit train`, with the same options.

    A network takes 200 steps, each at a higher rate, until the cost explodes. The suggestion is a tenth of the rate at
    which the smoothed cost was least.

    Example: [bold]backlit find-rate housing.csv --target median_house_value --plot rates.png[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite, split_names
    from backlit.cli.output import print_json, remark, status
    from backlit.cli.train import hidden_sizes, usage
    from backlit.data.readers import read_table
    from backlit.estimators.rate_finder import find_table_rate
    from backlit.estimators.table_training import TableTraining
    from backlit.persistence import check_writable

    if target is None:
        if labels is None:
            raise typer.BadParameter("name the column to predict.", param_hint="--target")
        target = "label"
    if plot is not None:
        if plot.suffix.lower() not in (".svg", ".png"):
            raise typer.BadParameter(f"{plot.name!r} must end in .svg or .png.", param_hint="--plot")
        refuse_to_overwrite(plot, file)
        check_writable(plot)
    options = {"activation": activation, "loss": loss, "solver": solver, "batch_size": batch_size, "seed": seed}
    training = usage(TableTraining, hidden=hidden_sizes(hidden), **options)
    with status(f"Reading {file} …", quiet=quiet):
        table = read_table(
            file,
            names=split_names(names),
            missing=missing or [],
            separator=separator,
            labels=labels,
            label_name=target,
        )
    with status("Trying rates …", quiet=quiet):
        found = find_table_rate(
            table,
            target,
            training,
            task=None if task is None else str(task),  # type: ignore[arg-type]
            n_threads=threads,
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
