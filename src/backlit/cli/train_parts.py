"""Parts of `backlit train`: what its options mean, whether a table is read in pieces, and what is said in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from backlit.cli.reading import ReadingOptions
from backlit.tables.options import TableTraining
from backlit.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from backlit.tables.model import TableModel
    from backlit.training.recording import Recorder


def say_what_was_saved(
    model: TableModel, out: Path, *, as_json: bool, quiet: bool, more: dict[str, Any] | None = None
) -> None:
    """Print what a model file holds; `more` goes into the JSON document."""
    from backlit.cli.output import print_json

    if as_json:
        print_json(
            {
                "model": str(out),
                "task": model.target.task,
                "target": model.target.name,
                "sizes": list(model.network.sizes),
                "activations": list(model.network.activations),
                "loss": model.loss,
                "parameters": model.network.n_parameters,
                "columns": [column.to_document() for column in model.schema.columns],
                "left_out_rows": [[line.row, line.why] for line in model.schema.left_out_rows],
                "training": model.training,
            }
            | (more or {})
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
def diagnosed(wanted: bool, quiet: bool) -> Iterator[Recorder | None]:
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


def files_of(given: list[Path]) -> list[Path]:
    """Return the files that were given, those of folders and globs one by one."""
    from backlit.data.stream.table_stream import find_files, is_several

    return find_files(given) if len(given) > 1 or is_several(given[0]) else given


def spoken(given: list[Path]) -> str:
    """Return the files in words."""
    return str(given[0]) if len(given) == 1 else f"{given[0]} and {len(given) - 1} more"


def budget_of(memory: str | None) -> int:
    """Return the bytes that a table may take."""
    from backlit.data.stream.memory import Budget, bytes_of, usual_memory

    return usual_memory() if memory is None else Budget(bytes_of(memory)).total


def is_too_large(
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


def checkpoint_of(
    folder: Path | None,
    resume: bool,
    every_epochs: int,
    every_minutes: float | None,
    keep: int,
    *,
    look: bool = True,
) -> Checkpoint | None:
    """Return when and where checkpoints are kept, or None for none.

    Parameters
    ----------
    folder, resume, every_epochs, every_minutes, keep
        As they were typed.
    look : bool, default True
        Whether to see now that the folder can be used.
    """
    from backlit.persistence.checkpoint_folder import CheckpointFolder

    if folder is None:
        if resume:
            raise typer.BadParameter("needs --checkpoint, the folder to go on from.", param_hint="--resume")
        return None
    checkpoint = Checkpoint(folder, every_epochs, every_minutes, keep, "auto" if resume else "never")
    if look:
        with CheckpointFolder(folder) as held:  # what is wrong with it is said now, not when the table has been read
            if not resume:
                held.refuse_if_used()
    return checkpoint


def validation_of(text: str) -> tuple[float, Path | None]:
    """Return the share of the rows, and the other table, that --validation asks for."""
    try:
        return float(text), None
    except ValueError:
        return 0.0, Path(text)
