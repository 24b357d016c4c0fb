"""Remarks, progress and results on the terminal."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import typer

from backlit.cli.options import refuse_to_overwrite
from backlit.training.events import EpochEnded, EpochsPlanned, Event, StepsDone, TrainingEnded, TrainingStarted

_SECONDS_BETWEEN_LINES = 2.0


def remark(message: str, *, quiet: bool = False) -> None:
    """Print a message that is not part of the result, to standard error."""
    if not quiet:
        print(message, file=sys.stderr, flush=True)


def print_json(document: dict[str, Any]) -> None:
    """Print a result for machines."""
    from backlit.documents.strict_json import dump_in_order

    print(dump_in_order(document, indent=2))


def print_report(title: str, tables: Sequence[tuple[list[str], list[list[str]]]], after: Sequence[str]) -> None:
    """Print tables between a title and some sentences: drawn on a terminal, plain columns otherwise.

    The last column of a table is taken for words, the others for numbers.
    """
    if not sys.stdout.isatty():
        from backlit.explanation.plain_text import aligned

        blocks = [title, *("\n".join(aligned(header, rows)) for header, rows in tables), "\n".join(after)]
        print("\n\n".join(block for block in blocks if block))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(title, style="bold"))
    for header, rows in tables:
        drawn = Table(box=box.SIMPLE_HEAD)
        for k, name in enumerate(header):
            drawn.add_column(Text(name), justify="left" if k == len(header) - 1 else "right")
        for row in rows:
            drawn.add_row(*map(Text, row))
        console.print(drawn)
    for line in after:
        console.print(Text(line))


def page_width() -> int:
    """Return how wide a page of text is set: as the terminal, within what is good to read."""
    from backlit.explanation.plain_text import WIDTH

    return max(72, min(shutil.get_terminal_size((WIDTH, 24)).columns, 120))


def write_page(text: str, out: Path | None, *, colored: bool = False) -> None:
    """Write a page to a file, or print it where `out` is None; in color where that is asked for, on a terminal."""
    if out is None and colored and sys.stdout.isatty():
        from rich.console import Console

        from backlit.explanation.views.text import colored as in_color

        Console(highlight=False).print(in_color(text))  # plain where NO_COLOR is set
        return
    if out is None:
        print(text)
        return
    from backlit.persistence import atomic_write, check_writable

    check_writable(out)
    with atomic_write(out) as stream:
        stream.write((text + "\n").encode())


def check_picture(plot: Path, *inputs: Path) -> None:
    """Raise, before anything is computed, unless a plot can be written to this file."""
    from backlit.persistence import check_writable

    if plot.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter(f"{plot.name!r} must end in .svg or .png.", param_hint="--plot")
    refuse_to_overwrite(plot, *inputs)
    check_writable(plot)


def write_picture(plot: Path, draw: Callable[[], Any], *, svg: Callable[[], str] | None = None) -> None:
    """Write a plot to a file.

    Parameters
    ----------
    plot : Path
        That `check_picture` let pass.
    draw : callable
        Draws it with matplotlib and returns its axes.
    svg : callable, optional
        Returns it as SVG, where that takes no matplotlib.
    """
    from backlit.persistence import atomic_write

    format = plot.suffix[1:].lower()
    if format == "svg" and svg is not None:
        picture = svg().encode()
    else:
        drawn = io.BytesIO()
        draw().get_figure(root=True).savefig(drawn, format=format, dpi=160)
        picture = drawn.getvalue()
    with atomic_write(plot) as stream:
        stream.write(picture)


@contextmanager
def status(message: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something is going on. It yields a function that shows what is being done now."""
    if quiet or not sys.stderr.isatty():
        yield lambda words: None
        return
    from rich.console import Console

    with Console(stderr=True).status(message) as shown:
        yield lambda words: shown.update(f"{message} {words}")


@contextmanager
def counted(total: int) -> Iterator[Callable[[str], None]]:
    """Show how many of `total` things are done: a bar on a terminal, a line now and then otherwise.

    It yields a function, to be called with the name of each thing that is done.
    """
    done = 0
    if not sys.stderr.isatty():
        last_line = 0.0

        def say(name: str) -> None:
            nonlocal done, last_line
            done += 1
            if done == total or time.monotonic() - last_line >= _SECONDS_BETWEEN_LINES:
                last_line = time.monotonic()
                remark(f"{done} of {total} done: {name}")

        yield say
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (MofNCompleteColumn(), BarColumn(bar_width=24), TextColumn("{task.fields[name]}", markup=False))
    with Progress(*columns, TimeRemainingColumn(compact=True), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, name="")
        yield lambda name: bar.update(task, advance=1, name=name)


class TrainingProgress:
    """Shows a training as it goes: a live bar on a terminal, lines otherwise. A listener of training events.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._metric = "score"
        self._quiet = quiet
        self._is_live = not quiet and sys.stderr.isatty()
        self._last_line = 0.0
        self._n_epochs = 0
        self._live: Any = None

    def __enter__(self) -> TrainingProgress:
        if self._is_live:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._live = Progress(
                TextColumn("epoch {task.fields[epoch]}/{task.fields[n_epochs]}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[numbers]}"),
                TimeRemainingColumn(compact=True),
                console=Console(stderr=True),
            )
            self._live.start()
            self._task = self._live.add_task("", total=None, epoch=0, n_epochs="?", numbers="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take in an event."""
        if self._quiet:
            return
        match event:
            case TrainingStarted():
                self._n_epochs, self._metric = event.n_epochs, event.metric
                if self._live is not None:
                    self._live.update(
                        self._task, total=event.n_epochs, n_epochs=event.n_epochs, epoch=event.first_epoch
                    )
            case StepsDone():
                if self._live is not None:
                    done = event.epoch - 1 + event.rows_done / event.n_rows
                    self._live.update(self._task, completed=done, epoch=event.epoch)
            case EpochEnded():
                self._show(event)
            case EpochsPlanned():
                self._n_epochs = event.n_epochs
                if self._live is not None:
                    self._live.update(self._task, total=event.n_epochs, n_epochs=event.n_epochs)
            case TrainingEnded():
                best = f"; the best was epoch {event.best_epoch}" if event.best_epoch != event.n_epochs else ""
                self._say(f"Stopped after {event.n_epochs} epochs: {event.reason}{best}.")

    def _show(self, event: EpochEnded) -> None:
        numbers = self._numbers(event)
        epoch = event.record.epoch
        if self._live is not None:
            self._live.update(self._task, completed=epoch, epoch=epoch, numbers=numbers)
            return
        now = time.monotonic()
        if epoch in (1, self._n_epochs) or now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._say(f"epoch {epoch}/{self._n_epochs}  {numbers}")

    def _numbers(self, event: EpochEnded) -> str:
        record = event.record
        parts = [f"cost {record.cost:.5g}"]
        if record.validation_metric is not None:
            parts.append(f"validation {self._metric} {record.validation_metric:.4f}" + ("*" if event.is_best else " "))
        parts.append(f"{event.rows_per_second:,.0f} rows/s")
        return "  ".join(parts)

    def _say(self, message: str) -> None:
        if self._live is not None:
            self._live.console.print(message, highlight=False)
        else:
            remark(message)
