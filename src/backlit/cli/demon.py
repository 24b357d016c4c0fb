"""`backlit demon`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from backlit.cli.exercise import ExerciseFile, check_sources, read_exercise
from backlit.cli.options import AsJson, Member, OptionalDataFile, OptionalModelFile, Quiet, default_of
from backlit.cli.reading import ReadingOptions, reads_a_table
from backlit.cli.reading_for_models import load_one_network, read_for


@reads_a_table
def demon(
    model: OptionalModelFile = None,
    file: OptionalDataFile = None,
    network: ExerciseFile = None,
    row: Annotated[int, typer.Option(min=1, help="Which row of the table, counted from 1.")] = 1,
    layer: Annotated[
        int | None, typer.Option(min=2, help="Layer, counted from 1, the input. Default: all.", show_default=False)
    ] = None,
    neuron: Annotated[
        int | None, typer.Option(min=1, help="Neuron of that layer, counted from 1. Default: all.", show_default=False)
    ] = None,
    dz: Annotated[float, typer.Option(help="First Δz; it is then halved nine times.")] = default_of(
        "backlit.explanation.demon.demon.demon", "dz"
    ),
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw C(z + Δz) and its tangent: .svg, or .png with matplotlib.", show_default=False),
    ] = None,
    *,
    member: Member = None,
    reading: ReadingOptions,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Let the demon of the lecture add Δz to a neuron's weighted input, and see what the cost does.

    With --layer and --neuron, the true change of the cost stands beside δ·Δz, for Δz halved again and again. Without
    them, all neurons are ranked by |δ|: where would the demon push?

    Example: [bold]backlit demon housing.safetensors new.csv --row 3 --layer 2 --neuron 5 --plot demon.svg[/bold]
    """
    from backlit.cli.output import check_picture, print_json, print_report, remark, write_picture
    from backlit.core.embedded_network import apart
    from backlit.explanation.demon.demon import demon as let_push
    from backlit.explanation.demon.ranking import DemonRanking
    from backlit.explanation.demon.report import DemonReport

    check_sources(model, file, network)
    if neuron is not None and layer is None:
        raise typer.BadParameter("say in which layer, by --layer.", param_hint="--neuron")
    if plot is not None:
        if neuron is None:
            raise typer.BadParameter("a plot is of one neuron: give --layer and --neuron.", param_hint="--plot")
        check_picture(plot, *filter(None, (model, file, network)))
    x: Any
    y: Any
    if network is not None:
        exercise = read_exercise(network)
        net, x, y, loss = exercise.network, exercise.x, exercise.y, exercise.loss
    else:
        assert model is not None and file is not None
        loaded = load_one_network(model, member, quiet=quiet)
        table = read_for(loaded, file, reading, quiet=quiet)
        (x, y), net, loss = loaded.examples(table, [row]), apart(loaded.network)[0], loaded.loss
    report: DemonReport | DemonRanking
    if layer is None or neuron is None:
        report = let_push(net, x, y, layer=layer, loss=loss)
    else:
        report = let_push(net, x, y, layer=layer, neuron=neuron, dz=dz, loss=loss)
    if plot is not None and isinstance(report, DemonReport):
        write_picture(plot, report.plot, svg=report.to_svg)
        remark(f"Wrote {plot}.", quiet=quiet)
    if as_json:
        print_json(report.to_dict())
    else:
        after = report.conclusion if isinstance(report, DemonReport) else report.rest
        print_report(report.title, [report.table()], [after] if after else [])
