"""`backlit train`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backlit.cli.options import AsJson, DataFiles, Quiet, usage, with_options_of
from backlit.cli.reading import ColumnOptions, ReadingOptions, Target, knows_columns, reads_a_table
from backlit.tables.options import TableTraining
from backlit.tables.presets import CHOSEN
from backlit.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from backlit.tables.model import TableModel
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

    Several files of Parquet or CSV, folders and globs ('flights/*.parquet') are one table. A table that would take more
    than --memory is read in pieces, twice; then its encoded rows are read from a cache, epoch by epoch.

    Example: [bold]backlit train housing.csv --target median_house_value --out housing.safetensors[/bold]
    """
    from backlit.cli.graceful_stop import GracefulStop
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import print_json, remark, status
    from backlit.cli.progress import TrainingProgress
    from backlit.errors import InvalidInputError
    from backlit.persistence import check_writable
    from backlit.tables.model import TableModel
    from backlit.tables.streaming import fit_stream

    target = reading.target(target)
    files = _files(file)
    refuse_to_overwrite(out, *files)
    check_writable(out)
    if checkpoint is not None and training.line_search() is not None:
        raise typer.BadParameter("lbfgs has none, for SciPy gives no access to its state.", param_hint="--checkpoint")
    kept = _checkpoint(checkpoint, resume, checkpoint_epochs, checkpoint_minutes, checkpoint_keep)
    fraction, validation_file = _validation(validation)
    training = usage(replace, training, validation_fraction=fraction)
    say: Callable[[str], None] = lambda message: remark(message, quiet=quiet)  # noqa: E731
    budget = usage(_budget, memory, "--memory")
    train_it: Callable[..., TableModel]
    if _is_too_large(files, reading, training, budget, say):
        train_it = partial(
            fit_stream,
            files,
            target,
            training,
            columns=usage(columns.given, reading),
            validation=validation_file,
            memory=budget,
            cache=cache or (checkpoint and checkpoint / "cache"),
            text=reading.text_options(),
        )
    else:
        with status(f"Reading {_spoken(file)} …", quiet=quiet):
            read = reading.read_all(files, target, usage(columns.as_text, target))
            table, choices = read.frame, usage(columns.choices, read, reading)
            validation_table = None
            if validation_file is not None:
                if reading.labels is not None:
                    raise InvalidInputError(
                        "A validation table cannot have labels of its own; give a share of the rows."
                    )
                validation_table = reading.read_all(_files([validation_file])).frame
        say(f"Read {table.height:,} rows and {table.width} columns from {_spoken(file)}.")
        for said in read.remarks:
            say(said)
        train_it = partial(
            TableModel.train, table, target, training, columns=choices, validation_table=validation_table
        )

    stop = GracefulStop(checkpoint)
    with _diagnosed(diagnose, quiet) as recorder, TrainingProgress(quiet=quiet) as progress, stop:
        model = train_it(
            task=None if task is None else str(task),
            reading=reading.to_dict(),
            listeners=[progress, stop],
            recorder=recorder,
            say=say,
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


def _files(given: list[Path]) -> list[Path]:
    from backlit.data.stream.table_stream import find_files, is_several

    return find_files(given) if len(given) > 1 or is_several(given[0]) else given


def _spoken(given: list[Path]) -> str:
    return str(given[0]) if len(given) == 1 else f"{given[0]} and {len(given) - 1} more"


def _budget(memory: str | None, option: str) -> int:
    from backlit.data.stream.memory import Budget, bytes_of, usual_memory

    return usual_memory() if memory is None else Budget(bytes_of(memory)).total


def _is_too_large(
    files: list[Path], reading: ReadingOptions, training: TableTraining, budget: int, say: Callable[[str], None]
) -> bool:
    """Tell whether a table is to be read in pieces, and say so."""
    from backlit.data.stream.memory import said, would_take
    from backlit.data.stream.table_stream import can_be_streamed

    if not all(path.is_file() and can_be_streamed(path) for path in files) or reading.labels is not None:
        return False
    in_bins = training.numbers == "piecewise" or training.preset != "plain"
    # nothing small is looked at twice
    if sum(path.stat().st_size for path in files) < budget // 4096:
        return False
    wanted = would_take(files, reading.text_options(), in_bins=in_bins)
    if wanted <= budget:
        return False
    say(
        f"The table would take about {said(wanted)}, more than the {said(budget)} that it may (--memory): it is read "
        "in pieces."
    )
    return True


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
