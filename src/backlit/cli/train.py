"""`backlit train`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli.options import AsJson, DataFiles, Quiet, usage, with_options_of
from backlit.cli.reading import ColumnOptions, ReadingOptions, Target, knows_columns, reads_a_table
from backlit.cli.train_parts import (
    budget_of,
    checkpoint_of,
    diagnosed,
    files_of,
    is_too_large,
    say_what_was_saved,
    spoken,
    validation_of,
)
from backlit.cli.train_together import is_first_of_launched, streamable_only, train_together
from backlit.distributed.options import Workers
from backlit.documents.addresses import is_address
from backlit.tables.options import TableTraining
from backlit.tables.presets import CHOSEN
from backlit.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from backlit.tables.model import TableModel


class Task(StrEnum):
    """What to learn."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


TaskOption = Annotated[
    Task | None,
    typer.Option(rich_help_panel="Data", help="Default: inferred from the target, and said.", show_default=False),
]


DEFAULTS = {"preset": "tabular"}
"""Of options whose default in Python is another."""

BY_PRESET = dict.fromkeys(CHOSEN, "by the preset")


@with_options_of(TableTraining, "training", defaults=DEFAULTS, decided=BY_PRESET)
@with_options_of(Workers, "workers")
@reads_a_table
@knows_columns
def train(
    file: DataFiles,
    out: Annotated[
        Path,
        typer.Option(
            help="Where to save the model: a .safetensors file.", rich_help_panel="Output", show_default=False
        ),
    ],
    *,
    target: Target = None,
    task: TaskOption = None,
    training: TableTraining,
    workers: Workers,
    validation: Annotated[
        str,
        typer.Option(
            rich_help_panel="Stopping",
            help="Share of the rows to hold out for early stopping (0: none), or another table.",
        ),
    ] = str(TableTraining.validation_fraction),
    reading: ReadingOptions,
    columns: ColumnOptions,
    memory: Annotated[
        str | None,
        typer.Option(
            rich_help_panel="Data",
            help="What the table may take, such as 512M or 4G; a larger one is read in pieces. Default: a quarter of "
            "the machine's.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel="Data",
            help="Folder for the encoded rows of a table read in pieces, to be used again. Default: a temporary one.",
            show_default=False,
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel="Checkpoints",
            help="Folder, or s3://bucket/run, for the state of the training, saved every epoch.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel="Checkpoints",
            help="Resume from the last checkpoint in --checkpoint, if there is one.",
        ),
    ] = False,
    checkpoint_epochs: Annotated[
        int, typer.Option(min=1, rich_help_panel="Checkpoints", help="Least epochs between two checkpoints.")
    ] = Checkpoint.every_epochs,
    checkpoint_minutes: Annotated[
        float | None,
        typer.Option(
            min=0, rich_help_panel="Checkpoints", help="Least minutes between two checkpoints.", show_default=False
        ),
    ] = Checkpoint.every_minutes,
    checkpoint_keep: Annotated[
        int, typer.Option(min=1, rich_help_panel="Checkpoints", help="Checkpoints to keep; older ones are deleted.")
    ] = Checkpoint.keep,
    diagnose: Annotated[
        bool,
        typer.Option("--diagnose", rich_help_panel="Output", help="Record the layers' health, for `backlit diagnose`."),
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    launched: Annotated[bool, typer.Option("--launched", hidden=True)] = False,
) -> None:
    """Train a model on a table and save it.

    What each column is, is decided from its cells and printed; --column, --ignore and --schema decide otherwise.
    Numbers are scaled and laid out in bins, text becomes one-hot, missing values are marked; all of it is saved in the
    model. What you do not type is as a preset has it, tabular by default, which needs no tuning; it is printed. A tenth
    of the rows is held out, and the epoch that was best on them is kept. --preset plain has two layers of ReLU on
    scaled numbers, and stops when the validation cost no longer falls.

    With --checkpoint a training that was stopped, by Ctrl-C or by a power cut, resumes with --resume and ends with the
    same bits.

    Several files of Parquet or CSV, folders and globs ('flights/*.parquet') are one table. A table that would take more
    than --memory is read in pieces, twice; then its encoded rows are read from a cache, epoch by epoch.

    With --workers several processes share each batch, on this machine or on a Ray cluster (extra: distributed).

    Example: [bold]backlit train housing.csv --target median_house_value --out housing.safetensors[/bold]
    """
    from backlit.cli.graceful_stop import GracefulStop
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import remark, status
    from backlit.cli.progress import TrainingProgress
    from backlit.errors import InvalidInputError
    from backlit.persistence import check_writable
    from backlit.tables.model import TableModel
    from backlit.tables.streaming import fit_stream

    target = reading.target(target)
    files = files_of(file)
    refuse_to_overwrite(out, *files)
    is_first = not launched or is_first_of_launched()
    if is_first:
        check_writable(out)
    quiet = quiet or not is_first
    if checkpoint is not None and training.line_search() is not None:
        raise typer.BadParameter("lbfgs has none, for SciPy gives no access to its state.", param_hint="--checkpoint")
    kept = checkpoint_of(checkpoint, resume, checkpoint_epochs, checkpoint_minutes, checkpoint_keep, look=is_first)
    fraction, validation_file = validation_of(validation)
    training = usage(replace, training, validation_fraction=fraction)
    say: Callable[[str], None] = lambda message: remark(message, quiet=quiet)  # noqa: E731
    budget = usage(budget_of, memory)
    train_it: Callable[..., TableModel | None]
    as_stream: Callable[..., dict[str, Any]] = partial(
        dict,
        validation=validation_file,
        memory=budget,
        cache=cache or (checkpoint / "cache" if checkpoint and not is_address(checkpoint) else None),
        text=reading.text_options(),
    )
    if launched or workers.workers is not None:
        streamable_only(files, reading)
        train_it = partial(
            train_together,
            workers,
            files,
            target,
            training,
            columns=usage(columns.given, reading),
            launched=launched,
            **as_stream(),
        )
    elif is_too_large(files, reading, training, budget, say):
        train_it = partial(
            fit_stream,
            files,
            target,
            training,
            columns=usage(columns.given, reading),
            **as_stream(),
        )
    else:
        with status(f"Reading {spoken(file)} …", quiet=quiet):
            read = reading.read_all(files, target, usage(columns.as_text, target))
            table, choices = read.frame, usage(columns.choices, read, reading)
            validation_table = None
            if validation_file is not None:
                if reading.labels is not None:
                    raise InvalidInputError(
                        "A validation table cannot have labels of its own; give a share of the rows."
                    )
                validation_table = reading.read_all(files_of([validation_file])).frame
        say(f"Read {table.height:,} rows and {table.width} columns from {spoken(file)}.")
        for said in read.remarks:
            say(said)
        train_it = partial(
            TableModel.train, table, target, training, columns=choices, validation_table=validation_table
        )

    stop = GracefulStop(checkpoint)
    with diagnosed(diagnose, quiet) as recorder, TrainingProgress(quiet=quiet) as progress, stop:
        model = train_it(
            task=None if task is None else str(task),
            reading=reading.to_dict(),
            listeners=[progress, stop],
            recorder=recorder,
            say=say,
            checkpoint=kept,
        )
    stop.leave_if_asked()
    if model is None:  # the first of several processes has it
        return
    model.save(out)
    say_what_was_saved(model, out, as_json=as_json, quiet=quiet)
