"""`backlit tune`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli.options import AsJson, DataFiles, Quiet, usage, with_options_of
from backlit.cli.reading import ColumnOptions, ReadingOptions, Target, knows_columns, reads_a_table
from backlit.cli.train import BY_PRESET, DEFAULTS, TaskOption
from backlit.cli.train_parts import budget_of, files_of, say_what_was_saved, validation_of
from backlit.cli.train_together import streamable_only
from backlit.distributed.options import Workers
from backlit.tables.options import TableTraining

if TYPE_CHECKING:
    from backlit.distributed.tuning import Trial

_SHOWN = 10


@with_options_of(TableTraining, "training", defaults=DEFAULTS, decided=BY_PRESET, leave_out=frozenset({"folds"}))
@with_options_of(Workers, "workers", leave_out=frozenset({"average_every"}))
@reads_a_table
@knows_columns
def tune(
    file: DataFiles,
    out: Annotated[
        Path,
        typer.Option(
            help="Where to save the best model: a .safetensors file.", rich_help_panel="Output", show_default=False
        ),
    ],
    *,
    target: Target = None,
    task: TaskOption = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings, the first with the options as they are.")] = 20,
    training: TableTraining,
    workers: Workers,
    validation: Annotated[
        str,
        typer.Option(
            rich_help_panel="Stopping", help="Share of the rows that trials are compared on, or another table."
        ),
    ] = str(TableTraining.validation_fraction),
    reading: ReadingOptions,
    columns: ColumnOptions,
    memory: Annotated[
        str | None,
        typer.Option(
            rich_help_panel="Data",
            help="What the rows may take in each trial. Default: a quarter of the machine's.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel="Data",
            help="Folder for the encoded rows, which all machines see. Default: a temporary one.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Search for good options on a Ray cluster, and save the best model.

    Rate, layers, dropout, l2 and batch size are drawn around what the preset has, but for those that you type. With
    --workers so many trials go on at the same time; without --address on this machine. Takes the extra `distributed`.

    Example: [bold]backlit tune housing.csv --target median_house_value --trials 20 --out best.safetensors[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark
    from backlit.distributed.tuning import tune as search
    from backlit.persistence import check_writable
    from backlit.tables.stream_request import StreamRequest

    target = reading.target(target)
    files = files_of(file)
    refuse_to_overwrite(out, *files)
    check_writable(out)
    streamable_only(files, reading)
    fraction, validation_file = validation_of(validation)
    request = StreamRequest.of(
        files,
        target,
        usage(replace, training, validation_fraction=fraction),
        task=None if task is None else str(task),  # type: ignore[arg-type]
        columns=usage(columns.given, reading),
        validation=validation_file,
        memory=usage(budget_of, memory),
        text=reading.text_options(),
        reading=reading.to_dict(),
    )
    found = search(
        request,
        trials,
        workers,
        cache=cache,
        say=lambda message: remark(message, quiet=quiet),
        tell=lambda trial: remark(_line(trial), quiet=quiet),
    )
    found.model.save(out)
    if not quiet and not as_json:
        print(f"The best by {found.metric}:")
        for trial in found.trials[:_SHOWN]:
            print(f"  {_line(trial)}")
    record: dict[str, Any] = {"trials": [vars(trial) for trial in found.trials], "metric": found.metric}
    say_what_was_saved(found.model, out, as_json=as_json, quiet=quiet, more=record)


def _line(trial: Trial) -> str:
    options = "  ".join(f"{name} {_short(value)}" for name, value in trial.options.items()) or "the options as they are"
    score = f"failed: {trial.why}" if trial.score is None else f"{trial.score:.5g} after {trial.epochs} epochs"
    return f"trial {trial.number}: {score}  {options}"


def _short(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"
