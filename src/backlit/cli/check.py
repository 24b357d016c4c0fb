"""`backlit check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli.exercise import ExerciseFile, check_sources, read_exercise
from backlit.cli.options import AsJson, Member, OptionalDataFile, OptionalModelFile, Quiet, default_of
from backlit.cli.reading import ReadingOptions, reads_a_table
from backlit.cli.reading_for_models import load_one_network, read_for

if TYPE_CHECKING:
    from backlit.core.gradient_report import GradientReport

CHECK = "backlit.core.gradient_check.check_gradient"


@reads_a_table
def check(
    model: OptionalModelFile = None,
    file: OptionalDataFile = None,
    network: ExerciseFile = None,
    rows: Annotated[int, typer.Option(min=1, help="How many rows, from the first, make the batch.")] = 8,
    parameters: Annotated[
        int, typer.Option(min=1, help="Most parameters to check; of more, a random sample is checked.")
    ] = default_of(CHECK, "max_parameters"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of that sample.")] = default_of(CHECK, "seed"),
    *,
    member: Member = None,
    reading: ReadingOptions,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Compare the gradient of backpropagation with difference quotients of the cost, in float64.

    Parameters whose step crosses a kink of an activation or of the loss are not judged, and the kink is named. The exit
    code is 1 where a gradient is wrong, or where none could be judged.

    Example: [bold]backlit check housing.safetensors new.csv --rows 4[/bold]
    """
    from backlit.cli.output import print_json, remark, status
    from backlit.core.embedded_network import apart
    from backlit.core.gradient_check import check_gradient
    from backlit.errors import InvalidInputError

    check_sources(model, file, network)
    x: Any
    y: Any
    if network is not None:
        exercise = read_exercise(network)
        if exercise.y is None:
            raise InvalidInputError(f"{str(network)!r} has no target y, so there is no cost to check. Add the key y.")
        net, x, y, loss = exercise.network, exercise.x[:rows], exercise.y[:rows], exercise.loss
    else:
        assert model is not None and file is not None
        loaded = load_one_network(model, member, quiet=quiet)
        with status(f"Reading {file} …", quiet=quiet):
            table = read_for(loaded, file, reading, quiet=quiet)
        x, y = loaded.examples(table[:rows], say=lambda message: remark(message, quiet=quiet))
        net, loss = apart(loaded.network)[0], loaded.loss
    with status("Checking …", quiet=quiet):
        report = check_gradient(net, x, y, loss=loss, max_parameters=parameters, seed=seed)
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(1)


def _print(report: GradientReport) -> None:
    import sys

    from backlit.cli.output import print_report

    if not sys.stdout.isatty():
        print(report)
        return
    header = [
        "layer",
        "checked",
        "at kinks",
        "unclear",
        "worst",
        "backpropagation",
        "differences",
        "±",
        "relative",
        "σ",
    ]
    rows = []
    for layer in report.layers:
        numbers = ["", "", "", "", ""]
        if (worst := layer.worst) is not None:
            two = [f"{worst.analytic:.9g}", f"{worst.numeric:.9g}"]
            numbers = [worst.symbol, *two, f"{worst.numeric_error:.0e}", f"{worst.relative_error:.1e}"]
        counts = [f"{n:,}" for n in (layer.n_checked, layer.n_kinks, layer.n_unclear)]
        rows.append([str(layer.layer), *counts, *numbers, layer.activation])
    lines = str(report).splitlines()
    kinks = [line for line in lines if "not judged" in line]
    print_report(lines[0], [(header, rows)], kinks)
