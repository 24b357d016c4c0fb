"""What the training on a stream begins with: two readings of its files, or the cache that they left before.

The first tells what the columns are and how they are encoded; the second writes the encoded rows to a cache. Both use
what `start.py` uses for a table in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.ensemble import Ensemble
from backlit.core.losses import get_loss, loss_name
from backlit.core.network import Network
from backlit.data import check_target, infer_task
from backlit.data.class_weights import ClassWeights
from backlit.data.encoding import TableEncoding
from backlit.data.features import Features
from backlit.data.stream.cache import PARTS, START, Cache, CacheWriter, check_folder, open_cache
from backlit.data.stream.first_pass import FirstPass, first_pass, read_pieces
from backlit.data.stream.memory import Budget, give_back, said
from backlit.data.stream.packing import Packing
from backlit.data.stream.records import Records
from backlit.data.stream.windows import Windows, mapped_block, maps
from backlit.documents.field import MODEL, Field
from backlit.errors import DataError, InvalidInputError, ModelFileError
from backlit.tables.options import TableTraining
from backlit.tables.preset_lines import lines_without_bins, preset_lines
from backlit.tables.start import (
    check_weight,
    column_lines,
    columns_to_embed,
    encoding_for,
    facts_of,
    first_network,
    output_activation,
)
from backlit.tables.storage import read_parts, write_parts
from backlit.tables.stream_cache import RowsWriter
from backlit.tables.stream_request import StreamRequest
from backlit.tables.stream_rows import StreamedRows, Targets
from backlit.tables.table_target import TableTarget, Task, are_spelled

_ORDER = 16
"""Bytes a row that its place in the order takes."""
Say = Callable[[str], object]


@dataclass(frozen=True, eq=False)
class StreamStart:
    """A stream, made ready for training; see `backlit.tables.start.TableStart`.

    Attributes
    ----------
    encoder : TableEncoding
    target : TableTarget
    rows : StreamedRows
    held_out : StreamedRows or None
    codes : dict of str to ndarray
        y of each part as it is kept.
    network : Network or Ensemble
    loss : str
    training : TableTraining
    """

    encoder: TableEncoding
    target: TableTarget
    rows: StreamedRows
    held_out: StreamedRows | None
    network: Network | Ensemble
    loss: str
    training: TableTraining

    @classmethod
    def of(cls, request: StreamRequest, folder: Path, say: Say) -> StreamStart:
        """Read a stream twice, or use the cache in a folder.

        Raises
        ------
        DataError
            If a file, a column or the target cannot be used.
        OutputError
            If the cache cannot be written.
        """
        asked = request.asked()
        learned, cache, _ = _from_cache(folder, asked, request.training, say)
        if cache is None:
            request = replace(request, stream=replace(request.stream, folder=check_folder(folder)))
            learned = _Learned.of(request, say)
            learned, cache = _write(request, learned, folder, asked, say)
            give_back()
        assert learned is not None
        return learned.start(request.budget, cache)

    @classmethod
    def again(
        cls, folder: Path, asked: dict[str, Any], training: TableTraining, budget: Budget, say: Say = lambda _: None
    ) -> StreamStart:
        """Open the cache that `of` left in a folder; the files that it was made from need not be at hand.

        Parameters
        ----------
        folder : Path
        asked : dict
            `StreamRequest.asked` of that request.
        training : TableTraining
            As it was given there.
        budget : Budget
            The order of the rows depends on it.
        say : callable, optional

        Raises
        ------
        DataError
            If the cache is not there, or not whole.
        """
        learned, cache, why_not = _from_cache(folder, asked, training, say)
        if learned is None or cache is None:
            raise DataError(
                f"The cache in {folder} cannot be used: {why_not or 'it is not there'}. Give a folder that every "
                "machine sees under the same name (--cache, or --checkpoint)."
            )
        return learned.start(budget, cache)


@dataclass(frozen=True, eq=False)
class _Learned:
    encoder: TableEncoding
    target: TableTarget
    n_rows: int
    training: TableTraining
    loss: str
    first: FirstPass | None = None
    features: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request: StreamRequest, say: Say) -> _Learned:
        name, training, weight = request.target, request.training, request.training.weight
        first = first_pass(request.stream, request.choices, name, request.budget.total, weight=weight)
        check_weight(list(first.types), name, weight)
        schema = first.schema
        for line in [*column_lines(schema, name, training, first.n_rows), *first.remarks()]:
            say(line)
        meaning, tally = schema.by_name[name], first.tallies[name]
        if meaning.gaps + meaning.n_misfits >= first.n_rows:
            raise DataError(
                f"The target {name!r} is missing in all {first.n_rows:,} rows, so there is nothing to learn. "
                "Choose another target, or tables with labels."
            )
        cells, counted = tally.read(schema)
        assert counted is not None
        check_target(cells.to_frame(), name)
        labels = cells.drop_nulls()
        n_rows = first.n_rows - meaning.gaps - meaning.n_misfits
        if n_rows < first.n_rows:
            say(f"Dropped {first.n_rows - n_rows:,} rows without a {name}.")
        task: Task | None = "regression" if request.task is None and training.loss == "poisson" else request.task
        if task is None:
            guess = infer_task(labels, name, is_category=meaning.kind == "category", n_rows=n_rows)
            task = guess.task
            say(guess.reason + ".")
        facts = facts_of(schema, name, weight, task, n_rows)
        training = training.for_table(facts)
        for line in preset_lines(training, facts):
            say(line)
        if training.takes_all_rows:
            raise InvalidInputError(
                f"The solver {training.solver!r} looks at all rows in each step, which are too many for memory. Use "
                "another, or give more --memory."
            )
        if task == "classification" and are_spelled(counted.cells.drop_nulls(), meaning):
            meaning = replace(meaning, kind="category", written=None)
            schema = replace(schema, columns=tuple(meaning if c.name == name else c for c in schema.columns))
            first = replace(first, schema=schema)
            labels = first.tallies[name].read(schema)[0].drop_nulls()
        loss = loss_name(training.loss or ("cross_entropy" if task == "classification" else "quadratic"))
        if task == "classification" and not tally.counts_all:
            raise DataError(
                f"The target {name!r} has more than {len(labels):,} different values, which are too many classes. Give "
                "--task regression, or another target."
            )
        # the scale of a regression is learned from all values, once they have been read
        target = replace(TableTarget.learn(labels, name, task, loss), column=meaning)
        features = [column for column in first.types if column not in (name, weight)]
        if not features:
            raise DataError(f"The table has no column but the target {name!r}, so there is nothing to predict it from.")
        encoder = encoding_for(training)
        encoder.fit_statistics(first.statistics(features), schema.only(features))
        for line in lines_without_bins(encoder):
            say(line)
        return cls(encoder, target, n_rows, training, loss, first, features)

    def records(self) -> Records:
        return Records.of(Features.of(self.encoder.plans_), self.training.dtype)

    def start(self, budget: Budget, cache: Cache) -> StreamStart:
        training, target = self.training, self.target
        output = training.output_activation or output_activation(target.task, self.loss, target.n_outputs)
        get_loss(self.loss, output)
        for name in ("class_weight", "label_smoothing", "calibrate"):
            if getattr(training, name) and target.classes is None:
                raise InvalidInputError(f"{name} is for classes, but {target.name!r} is a number. Leave it out.")
        records = self.records()
        of_number = np.dtype(training.dtype).itemsize
        part_rows = max(1, budget.part // (of_number * records.n_features))
        in_place_rows = max(1, budget.part // (of_number * target.n_outputs + 2 * _ORDER))

        def rows_of(part: str) -> StreamedRows:
            y, weight = cache.arrays[f"{part}.y"], cache.arrays.get(f"{part}.weight")
            labels = None if target.classes is None else target.labels()
            if training.class_weight and labels is not None:
                weights = ClassWeights.learn(training.class_weight, labels, y, weight)
                weight = weights.times(y, weight, training.dtype)
            couples = get_activation(output).couples
            targets = Targets(y, labels, training.dtype, training.label_smoothing, couples)
            of_row = records.dtype.itemsize + _ORDER
            # a batch at least, or its rows would be no more mixed than the file
            least = 2 * (training.batch_size or training.usual_batch_size)
            file, window_rows = cache.parts[part], max(budget.window // of_row, least)
            # what is no narrower in the cache is trained on where it is
            in_place = records.stay and part == "training"
            if part == "validation":
                window_rows = max(budget.part // of_row, least)  # in the order of the file
            elif in_place and window_rows < file.n_rows and not maps(file, window_rows):
                window_rows = max((budget.window // 2 + budget.part) // of_row, least)  # and the next one beside it
            windows = Windows(file, window_rows, in_place=in_place)
            return StreamedRows(windows, records, targets, weight, part_rows, in_place_rows, cache.digest)

        held_out = rows_of("validation") if cache.parts["validation"].n_rows else None
        sizes = [records.n_features, *training.hidden, target.n_outputs]
        network = first_network(sizes, output, training, columns_to_embed(self.encoder, training))
        return StreamStart(self.encoder, target, rows_of("training"), held_out, network, self.loss, training)


def _from_cache(
    folder: Path, asked: dict[str, Any], given: TableTraining, say: Say
) -> tuple[_Learned | None, Cache | None, str]:
    if not (folder / START).is_file():
        return None, None, ""
    try:
        _, loss, target, encoder, record, _ = read_parts(folder / START)
        n_rows = Field(record.get("rows"), "training.rows", MODEL).whole(1)
    except ModelFileError as error:
        say(f"The cache in {folder} is not used: {error}")
        return None, None, str(error)
    facts = facts_of(encoder.schema_, target.name, given.weight, target.task, n_rows)
    training = given.for_table(facts)
    for line in [*preset_lines(training, facts), *lines_without_bins(encoder)]:
        say(line)
    learned = _Learned(encoder, target, n_rows, training, loss)
    cache, why_not = open_cache(folder, asked, learned.records().dtype)
    if cache is None and why_not:
        say(f"The cache in {folder} is not used, and written anew: {why_not}.")
    if cache is not None:
        say(f"Using the cache in {folder}: the files are those that it was made from.")
    return learned, cache, why_not


def _write(
    request: StreamRequest, learned: _Learned, folder: Path, asked: dict[str, Any], say: Say
) -> tuple[_Learned, Cache]:
    training = learned.training
    first = learned.first
    assert first is not None
    packing = Packing.of(learned.encoder, training.dtype)
    records = packing.records
    fraction = 0.0 if request.validation is not None or training.folds > 1 else training.validation_fraction
    with CacheWriter(folder, records.dtype, learned.n_rows, 2 * mapped_block(request.budget.window)) as writer:
        rows = RowsWriter(writer, packing, learned.target, training, request.budget)
        for piece in read_pieces(first):
            piece.each(partial(rows.add, fraction=fraction))
            del piece  # before more is read
        if request.validation is not None:
            for piece in read_pieces(replace(first, stream=request.validation, kept=None), strict=True):
                piece.each(partial(rows.add, fraction=1.0))
        arrays = rows.arrays(learn_from=PARTS if request.validation is None else PARTS[:1])
        target = rows.target
        output = output_activation(target.task, learned.loss, target.n_outputs)
        bare = replace(training, hidden=(), activation="relu", output_activation=None)
        bare = replace(bare, members=1, sharing=None, embedding=None, parametric_activation=False)
        network = first_network([records.n_features, target.n_outputs], output, bare)
        assert isinstance(network, Network)
        write_parts(folder / START, network, learned.loss, target, learned.encoder, {"rows": learned.n_rows})
        cache = writer.finish(asked, arrays)
    n_bytes = sum(file.n_rows * file.dtype.itemsize for file in cache.parts.values())
    counts = [cache.parts[part].n_rows for part in ("training", "validation")]
    say(
        f"Encoded {sum(counts):,} rows into the cache in {folder} ({said(n_bytes)}): {counts[0]:,} to train on, "
        f"{counts[1]:,} to validate on."
    )
    return replace(learned, target=target, first=None), cache  # what was counted is needed no more
