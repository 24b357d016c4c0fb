"""`backlit train`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from backlit.cli.options import AsJson, DataFile, Labels, Missing, Names, Quiet, Separator, Threads

if TYPE_CHECKING:
    from backlit.training.checkpoint import Checkpoint
    from backlit.training.recording import Recorder

Made = TypeVar("Made")


class Task(StrEnum):
    """What to learn."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


def train(
    file: DataFile,
    out: Annotated[Path, typer.Option(help="Where to save the model: a .safetensors file.", show_default=False)],
    target: Annotated[
        str | None, typer.Option(help="Column to predict. With --labels it is called 'label'.", show_default=False)
    ] = None,
    task: Annotated[
        Task | None,
        typer.Option(help="Default: inferred from the target, and said.", show_default=False),
    ] = None,
    hidden: Annotated[str, typer.Option(help="Neurons of each hidden layer, separated by commas.")] = "256,128",
    activation: Annotated[str, typer.Option(help="Activation of the hidden layers.")] = "relu",
    loss: Annotated[
        str | None,
        typer.Option(help="Default: cross_entropy for classes, quadratic for numbers.", show_default=False),
    ] = None,
    solver: Annotated[str, typer.Option(help="adam, adamw, rmsprop, sgd (Nesterov's momentum 0.9) or gd.")] = "adam",
    learning_rate: Annotated[
        float | None, typer.Option(help="Default: 0.001; for sgd and gd 0.05.", show_default=False)
    ] = None,
    schedule: Annotated[
        str, typer.Option(help="constant, invscaling, adaptive, step, cosine or one_cycle.")
    ] = "cosine",
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Rows a step. Default: 128, or all where there are fewer.", show_default=False),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Most passes over the data.")] = 60,
    patience: Annotated[int, typer.Option(min=0, help="Epochs without a better validation cost to put up with.")] = 12,
    alpha: Annotated[float, typer.Option(min=0, help="Penalty of scikit-learn: alpha / (2 batch size) · Σ w².")] = 1e-4,
    l2: Annotated[float, typer.Option(min=0, help="Penalty l2/2 · Σ w², the same for every batch size.")] = 0.0,
    l1: Annotated[float, typer.Option(min=0, help="Penalty l1 · Σ |w|.")] = 0.0,
    validation: Annotated[
        str, typer.Option(help="Share of the rows to hold out for early stopping (0: none), or another table.")
    ] = "0.1",
    names: Names = None,
    missing: Missing = None,
    separator: Separator = None,
    labels: Labels = None,
    seed: Annotated[int, typer.Option(min=0, help="Source of all that is random.")] = 0,
    engine: Annotated[str, typer.Option(help="auto, native or reference.")] = "auto",
    threads: Threads = None,
    precision: Annotated[
        str, typer.Option(help="full, bfloat16 or bfloat16x3: what products are rounded to, where the processor can.")
    ] = "full",
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Folder in which to keep the state of the training, every epoch.", show_default=False),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --checkpoint, if there is one.")
    ] = False,
    checkpoint_epochs: Annotated[int, typer.Option(min=1, help="Epochs from one checkpoint to the next.")] = 1,
    checkpoint_minutes: Annotated[float, typer.Option(min=0, help="Minutes that go by between two at least.")] = 0.0,
    checkpoint_keep: Annotated[int, typer.Option(min=1, help="Checkpoints that stay; older ones are deleted.")] = 3,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Write down how each layer fares, for `backlit diagnose`.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train a model on a table and save it.

    Numbers are standardized, text becomes one-hot, missing values are marked; all of it is saved in the model. Training
    stops when the validation cost no longer falls, and keeps the best weights.

    With --checkpoint a training that was stopped, by Ctrl-C or by a power cut, goes on with --resume and ends with the
    same bits.

    Example: [bold]backlit train housing.csv --target median_house_value --out housing.safetensors[/bold]
    """
    from backlit.cli.graceful_stop import GracefulStop
    from backlit.cli.options import refuse_to_overwrite, split_names
    from backlit.cli.output import TrainingProgress, print_json, remark, status
    from backlit.data.readers import read_table
    from backlit.engine import ENGINES
    from backlit.errors import InvalidInputError
    from backlit.estimators.table_model import TableModel
    from backlit.estimators.table_training import TableTraining
    from backlit.persistence import check_writable

    if target is None:
        if labels is None:
            raise typer.BadParameter("name the column to predict.", param_hint="--target")
        target = "label"
    refuse_to_overwrite(out, file)
    check_writable(out)
    kept = _checkpoint(checkpoint, resume, checkpoint_epochs, checkpoint_minutes, checkpoint_keep)
    fraction, validation_file = _validation(validation)
    if engine not in ENGINES:
        raise typer.BadParameter(f"{engine!r} is none of {', '.join(ENGINES)}.", param_hint="--engine")
    training = usage(
        TableTraining,
        hidden=hidden_sizes(hidden),
        activation=activation,
        loss=loss,
        solver=solver,
        learning_rate=learning_rate,
        schedule=schedule,
        batch_size=batch_size,
        epochs=epochs,
        patience=patience,
        alpha=alpha,
        l2=l2,
        l1=l1,
        validation_fraction=fraction,
        seed=seed,
        precision=precision,
    )
    reading = {"names": split_names(names), "missing": missing or [], "separator": separator}
    with status(f"Reading {file} …", quiet=quiet):
        table = read_table(file, **reading, labels=labels, label_name=target)  # type: ignore[arg-type]
        validation_table = None
        if validation_file is not None:
            if labels is not None:
                raise InvalidInputError("A validation table cannot have labels of its own; give a share of the rows.")
            validation_table = read_table(validation_file, **reading)  # type: ignore[arg-type]
    remark(f"Read {table.height:,} rows and {table.width} columns from {file}.", quiet=quiet)

    stop = GracefulStop(checkpoint)
    with _diagnosed(diagnose, quiet) as recorder, TrainingProgress(quiet=quiet) as progress, stop:
        model = TableModel.train(
            table,
            target,
            training,
            task=None if task is None else str(task),  # type: ignore[arg-type]
            validation_table=validation_table,
            reading=reading,
            engine=engine,
            n_threads=threads,
            listeners=[progress, stop],
            say=lambda message: remark(message, quiet=quiet),
            checkpoint=kept,
            recorder=recorder,
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
                "training": model.training,
            }
        )
    elif not quiet:
        sizes = "-".join(map(str, model.network.sizes))
        print(f"Saved {out}: a {sizes} network with {model.network.n_parameters:,} parameters.")


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


def usage(make: Callable[..., Made], **options: Any) -> Made:
    """Make an object of options; what is wrong with one of them is wrong usage."""
    from backlit.errors import InvalidInputError

    try:
        return make(**options)
    except InvalidInputError as error:
        raise typer.BadParameter(str(error)) from None


def _checkpoint(
    folder: Path | None, resume: bool, every_epochs: int, every_minutes: float, keep: int
) -> Checkpoint | None:
    from backlit.persistence.checkpoint_folder import CheckpointFolder
    from backlit.training.checkpoint import Checkpoint

    if folder is None:
        if resume:
            raise typer.BadParameter("needs --checkpoint, the folder to go on from.", param_hint="--resume")
        return None
    with CheckpointFolder(folder) as held:  # what is wrong with it is said now, not when the table has been read
        if not resume:
            held.refuse_if_used()
    return Checkpoint(folder, every_epochs, every_minutes, keep, "auto" if resume else "never")


def hidden_sizes(text: str) -> tuple[int, ...]:
    """Return the sizes that an option such as ``100,50`` gives."""
    try:
        sizes = tuple(int(size) for size in text.split(",")) if text.strip() else ()
    except ValueError:
        sizes = (0,)
    if any(size < 1 for size in sizes):
        raise typer.BadParameter(
            f"{text!r} is not a list of positive whole numbers such as 100,50.", param_hint="--hidden"
        )
    return sizes


def _validation(text: str) -> tuple[float, Path | None]:
    try:
        return float(text), None
    except ValueError:
        return 0.0, Path(text)
