"""Remarks and results on the terminal."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from backlit.cli.options import refuse_to_overwrite

SECONDS_BETWEEN_LINES = 2.0


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
            if done == total or time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
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
