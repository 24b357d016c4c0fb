"""What a training on a stream is asked for, and what of it the cache depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from backlit.data.columns.choices import ColumnChoices
from backlit.data.meaning import choices_of
from backlit.data.stream.memory import Budget, bytes_of, usual_memory
from backlit.data.stream.table_stream import StrPath, TableStream
from backlit.data.stream.text_pieces import TextOptions
from backlit.documents import strict_json
from backlit.persistence.model_file import library_version
from backlit.tables.options import TableTraining
from backlit.tables.table_target import Task


@dataclass(frozen=True, eq=False)
class StreamRequest:
    """What a training on a stream is asked for.

    Attributes
    ----------
    stream : TableStream
    target : str
    training : TableTraining
    task : {"classification", "regression"} or None
    choices : ColumnChoices
    validation : TableStream or None
        Other files to validate on; None: a share of the rows.
    reading : dict
        How the files are read, to be remembered in the model.
    budget : Budget
    """

    stream: TableStream
    target: str
    training: TableTraining
    task: Task | None
    choices: ColumnChoices
    validation: TableStream | None
    reading: dict[str, Any]
    budget: Budget

    @classmethod
    def of(
        cls,
        source: StrPath | Sequence[StrPath],
        target: str,
        training: TableTraining,
        *,
        task: Task | None = None,
        columns: Any = None,
        validation: StrPath | Sequence[StrPath] | None = None,
        memory: int | str | None = None,
        text: TextOptions | None = None,
        reading: dict[str, Any] | None = None,
    ) -> Self:
        """Return the request for a training on files; see `backlit.fit_stream` for each of it."""
        n_bytes = bytes_of(memory) if isinstance(memory, str) else memory
        budget = Budget(usual_memory() if n_bytes is None else n_bytes)
        options = text or TextOptions()
        stream = TableStream.of(source, options, budget.piece)
        held_out = None if validation is None else TableStream.of(validation, options, budget.piece)
        return cls(stream, target, training, task, choices_of(columns), held_out, reading or {}, budget)

    def asked(self) -> dict[str, Any]:
        """Return all that the cache depends on, in JSON's types."""
        training, choices = self.training, self.choices
        fraction = None if self.validation is not None else training.validation_fraction
        if training.folds > 1 and fraction is not None:
            fraction = 0.0  # each fold sets aside its own
        asked = {
            "files": self.stream.described(),
            "validation files": None if self.validation is None else self.validation.described(),
            "validation": None if fraction is None else [fraction, training.seed if fraction else None],
            "target": [self.target, self.task, training.loss],
            "weights": training.weight,
            "reading": {name: value for name, value in self.reading.items() if name != "missing"},
            "columns": [
                sorted(choices.columns.items()),
                list(choices.ignore),
                list(choices.missing),
                choices.decimal,
                None if choices.schema is None else choices.schema.to_document(),
            ],
            "encoding": [training.dtype, training.numbers, training.n_bins, training.bins_above, training.preset],
            "given": sorted({"numbers", "n_bins", "bins_above", "dtype"} & (training.given or set())),
            "backlit": library_version(),
        }
        plain: dict[str, Any] = strict_json.parse(strict_json.dump(asked))  # with lists for tuples, as it is read back
        return plain
