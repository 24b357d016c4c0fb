"""`backlit train`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backlit.cli.options import AsJson, DataFile, Quiet, usage, with_options_of
from backlit.cli.reading import ColumnOptions, ReadingOptions, Target, knows_columns, reads_a_table
from backlit.tables.options import TableTraining
from backlit.tables.presets import CHOSEN
from backlit.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from backlit.training.recording import Recorder


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
@reads_a_table
@knows_columns
def train(
    file: DataFile,
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
    validation: Annotated[
        str,
        typer.Option(
            rich_help_panel="Stopping",
            help="Share of the rows to hold out for early stopping (0: none), or another table.",
        ),
    ] = str(TableTraining.validation_fraction),
    reading: ReadingOptions,
    columns: ColumnOptions,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel="Checkpoints",
            help="Folder for the state of the training, saved every epoch.",
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
) -> None:
    """Train a model on a table and save it.

    What each column is, is decided from its cells and printed; --column, --ignore and --schema decide otherwise.
    Numbers are scaled and laid out in bins, text becomes one-hot, missing values are marked; all of it is saved in the
    model. What you do not type is as a preset has it, tabular by default, which needs no tuning; it is printed. A tenth
    of the rows is held out, and the epoch that was best on them is kept. --preset plain has two layers of ReLU on
    scaled numbers, and stops when the validation cost no longer falls.

    With --checkpoint a training that was stopped, by Ctrl-C or by a power cut, resumes with --resume and ends with the
    same bits.

    Example: [bold]backlit train housing.csv --target median_house_value --out housing.safetensors[/bold]
    """
    from backlit.cli.graceful_stop import GracefulStop
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import print_json, remark, status
    from backlit.cli.progress import TrainingProgress
    from backlit.errors import InvalidInputError
    from backlit.persistence import check_writable
    from backlit.tables.model import TableModel

    target = reading.target(target)
    refuse_to_overwrite(out, file)
    check_writable(out)
    if checkpoint is not None and training.line_search() is not None:
        raise typer.BadParameter("lbfgs has none, for SciPy gives no access to its state.", param_hint="--checkpoint")
    kept = _checkpoint(checkpoint, resume, checkpoint_epochs, checkpoint_minutes, checkpoint_keep)
    fraction, validation_file = _validation(validation)
    training = usage(replace, training, validation_fraction=fraction)
    with status(f"Reading {file} …", quiet=quiet):
        read = reading.read(file, target, usage(columns.as_text, target))
        table, choices = read.frame, usage(columns.choices, read, reading)
        validation_table = None
        if validation_file is not None:
            if reading.labels is not None:
                raise InvalidInputError("A validation table cannot have labels of its own; give a share of the rows.")
            validation_table = reading.read(validation_file).frame
    remark(f"Read {table.height:,} rows and {table.width} columns from {file}.", quiet=quiet)
    for said in read.remarks:
        remark(said, quiet=quiet)

    stop = GracefulStop(checkpoint)
    with _diagnosed(diagnose, quiet) as recorder, TrainingProgress(quiet=quiet) as progress, stop:
        model = TableModel.train(
            table,
            target,
            training,
            task=None if task is None else str(task),  # type: ignore[arg-type]
            columns=choices,
            validation_table=validation_table,
            reading=reading.to_dict(),
            listeners=[progress, stop],
            recorder=recorder,
            say=lambda message: remark(message, quiet=quiet),
            checkpoint=kept,
        )
    stop.leave_if_asked()
    model.save(out)
    if as_json:
        print_json(
            {
                "model": str(out),
                "task": model.target.task,
                "target": target,
                "sizes": list(model.network.sizes),
                "activations": list(model.network.activations),
                "loss": model.loss,
                "parameters": model.network.n_parameters,
                "columns": [column.to_document() for column in model.schema.columns],
                "left_out_rows": [[line.row, line.why] for line in model.schema.left_out_rows],
                "training": model.training,
            }
        )
    elif not quiet:
        sizes, n = "-".join(map(str, model.network.sizes)), model.network.n_parameters
        k = 1 + len(model.others)
        print(
            f"Saved {out}: a {sizes} network with {n:,} parameters."
            if k == 1
            else f"Saved {out}: {k} networks, each {sizes} with {n:,} parameters."
        )


@contextmanager
def _diagnosed(wanted: bool, quiet: bool) -> Iterator[Recorder | None]:
    """Give a recorder where one is wanted, and show what it saw where training diverges: no model will hold it."""
    from backlit.cli.output import remark
    from backlit.errors import DivergenceError
    from backlit.explanation.diagnosis.diagnose import diagnose
    from backlit.training.recording import Recorder

    try:
        yield Recorder() if wanted else None
    except DivergenceError as error:
        if wanted:
            remark(f"{diagnose(error)}\n", quiet=quiet)
        raise


def _checkpoint(
    folder: Path | None, resume: bool, every_epochs: int, every_minutes: float | None, keep: int
) -> Checkpoint | None:
    from backlit.persistence.checkpoint_folder import CheckpointFolder

    if folder is None:
        if resume:
            raise typer.BadParameter("needs --checkpoint, the folder to go on from.", param_hint="--resume")
        return None
    with CheckpointFolder(folder) as held:  # what is wrong with it is said now, not when the table has been read
        if not resume:
            held.refuse_if_used()
    return Checkpoint(folder, every_epochs, every_minutes, keep, "auto" if resume else "never")


def _validation(text: str) -> tuple[float, Path | None]:
    try:
        return float(text), None
    except ValueError:
        return 0.0, Path(text)
