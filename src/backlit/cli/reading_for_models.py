"""How a command reads tables for a model: as its training data were read, and large ones in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from backlit.cli.reading import ReadingOptions


def load_one_network(model: Path, member: int | None, *, quiet: bool) -> Any:
    """Return the `TableModel` of a file, or of one of its members: what is looked at is one network."""
    from backlit.cli.output import remark
    from backlit.tables.model import TableModel

    loaded = TableModel.load(model)
    n_members = 1 + len(loaded.others)
    if member is not None and member > n_members:
        raise typer.BadParameter(f"{model} has {n_members} of them.", param_hint="--member")
    if member is None and n_members > 1:
        remark(f"The model has {n_members} members; this is the first of them (--member).", quiet=quiet)
    return loaded.member(member or 1)


def read_for(model: Any, path: Path, reading: ReadingOptions, *, quiet: bool) -> Any:
    """Return a table for a `TableModel`, read as its training data were; say which columns the model does not use."""
    from backlit.cli.output import remark
    from backlit.data.columns.gaps import blank_words

    target = model.target.name
    reading = reading.as_in_training(model.training.get("reading"), path, target)
    file = reading.read(path, target, [column.name for column in model.schema.columns if not column.is_plain_number])
    for said in file.remarks:
        remark(said, quiet=quiet)
    if file.is_sparse:
        file = file.with_zeros([name for name in model.encoder.schema_.by_name if name != target])
    table, _ = blank_words(file.frame, (*reading.missing_words(), *file.missing))
    if extra := ignored(model, table):
        remark(extra, quiet=quiet)
    return table


SMALL = 4 << 20
"""Files of fewer bytes are read whole."""


def tables_for(model: Any, paths: Sequence[Path], reading: ReadingOptions, *, quiet: bool) -> Iterator[Any]:
    """Yield the tables of files for a `TableModel`, large ones in pieces, read as its training data were."""
    from backlit.cli.output import remark
    from backlit.data.columns.gaps import blank_words
    from backlit.data.stream.memory import Budget, usual_memory
    from backlit.data.stream.table_stream import TableStream, can_be_streamed, find_files, is_several

    files = find_files(list(paths)) if len(paths) > 1 or is_several(paths[0]) else list(paths)
    if len(files) == 1 and not (files[0].is_file() and can_be_streamed(files[0]) and files[0].stat().st_size >= SMALL):
        yield read_for(model, files[0], reading, quiet=quiet)
        return
    reading = reading.as_in_training(model.training.get("reading"), files[0], model.target.name)
    stream = TableStream.of(files, reading.text_options(), Budget(usual_memory()).piece)
    is_first, words = True, reading.missing_words()
    for piece in stream.pieces():
        table = piece.frame.table
        if words:
            table, _ = blank_words(table, words)
        if is_first and (extra := ignored(model, table)):
            remark(extra, quiet=quiet)
        is_first = False
        yield table


def ignored(model: Any, table: Any) -> str:
    """Say which columns of a table a `TableModel` does not use; nothing where there are none."""
    extra = [name for name in model.encoder.extra_columns(table) if name != model.target.name]
    more = f" and {len(extra) - 5} more" if len(extra) > 5 else ""
    return f"Ignored columns that the model was not trained with: {', '.join(extra[:5])}{more}." if extra else ""
