"""Training with checkpoints in a folder: resuming from the last one, and writing the next ones."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backlit.documents.addresses import below
from backlit.persistence.checkpoint_file import StoredCheckpoint
from backlit.persistence.checkpoint_folder import CheckpointFolder
from backlit.persistence.model_file import library_version
from backlit.training.checkpoint import Cadence, Checkpoint
from backlit.training.events import EpochSettled, Event, PartSettled, Watcher
from backlit.training.recording import Recorder
from backlit.training.run import Keeping, Run
from backlit.training.run_description import describe_run, name_of_run
from backlit.training.schedules import has_horizon
from backlit.training.state import state_from_document, state_to_document

Say = Callable[[str], object]


def keeping(
    checkpoint: Checkpoint | None, watchers: Sequence[Watcher] = (), *, say: Say, warn: Say, alone: bool = True
) -> Keeping | None:
    """Return how a run is kept in the folder of a checkpoint, for `Run.train`; None without one.

    Parameters
    ----------
    checkpoint : Checkpoint or None
    watchers : sequence of Watcher
        What a `Recorder` among them recorded is kept too, and restored where the run resumes.
    say : callable
        Called with what happens.
    warn : callable
        Called with what is not as it should be.
    alone : bool, default True
        Whether other runs are kept from the folder; not where whoever started this process does so already.

    Raises
    ------
    CheckpointError
        When the run begins: if the folder's checkpoints are of another run, are all damaged, or belong to a run that is
        still going.
    OutputError
        If a checkpoint cannot be written; those before it stay.
    """
    if checkpoint is None:
        return None
    recorder = next((each for each in watchers if isinstance(each, Recorder)), None)
    return lambda run: _kept(run, checkpoint, recorder, say, warn, alone=alone)


@contextlib.contextmanager
def _kept(
    run: Run, checkpoint: Checkpoint, recorder: Recorder | None, say: Say, warn: Say, *, alone: bool
) -> Iterator[tuple[Run, Sequence[Watcher]]]:
    description = describe_run(run)
    place = checkpoint.folder
    if checkpoint.folder_per_run:
        place = below(place, name_of_run(description))
    with CheckpointFolder(place, checkpoint.keep, alone=alone) as folder:
        if checkpoint.resume == "never":
            folder.refuse_if_used()
        stored = folder.newest(description, run.network, run.optimizer.slots, warn)
        if stored is None and checkpoint.resume == "auto":
            say(f"There is no checkpoint in {folder.name} yet: beginning anew.")
        if stored is not None:
            _say_of_other_horizon(run, stored, warn)
            run = _going_on(run, stored)
            if recorder is not None:
                recorder.restore(stored.state.get("recorded"), stored.seen)
            is_over = run.state.stopping.gave_up or run.state.epoch >= run.plan.n_epochs
            so_far = f"after epoch {run.state.epoch} of {run.plan.n_epochs}"
            so_far += f" and {run.state.within.steps:,} steps" if run.state.within.steps else ""
            say(
                f"The run in {folder.name} ended {so_far} already; this is its result."
                if is_over
                else f"Going on {so_far} from {folder.name}."
            )
            _warn_of_other_arithmetic(run, stored, warn)
        yield run, [_FolderKeeper(folder, checkpoint, run, description, recorder)]


def _going_on(run: Run, stored: StoredCheckpoint) -> Run:
    state = state_from_document(stored.state, stored.best, stored.average)
    return dataclasses.replace(run, network=stored.network, optimizer_state=stored.optimizer_state, state=state)


def _say_of_other_horizon(run: Run, stored: StoredCheckpoint, warn: Say) -> None:
    here, there = run.plan.n_epochs, stored.run.get("n_epochs")
    schedule = run.plan.schedule
    if here != there and has_horizon(schedule):
        name = type(getattr(schedule, "schedule", schedule)).__name__
        warn(
            f"The run was planned for {there} epochs, and {here} are asked for now. The rates of the schedule "
            f"{name} depend on that: from here on they are those of {here} epochs, so the "
            f"result is not that of a run of {here} epochs from its beginning."
        )


def _warn_of_other_arithmetic(run: Run, stored: StoredCheckpoint, warn: Say) -> None:
    for what, there, here in (
        ("engine", stored.engine, _arithmetic(run)),
        ("backlit", stored.library, library_version()),
    ):
        if there != here:
            warn(f"The checkpoint was written by {what} {there}, this is {here}: the last bits may differ.")


def _arithmetic(run: Run) -> str:
    # another instruction set adds in another order
    instruction_set = getattr(run.engine, "instruction_set", None)
    return run.engine.name + (f" ({instruction_set})" if instruction_set else "")


class _FolderKeeper:
    """Writes a checkpoint at the end of an epoch, where one is due."""

    def __init__(
        self,
        folder: CheckpointFolder,
        checkpoint: Checkpoint,
        run: Run,
        description: dict[str, Any],
        recorder: Recorder | None,
    ) -> None:
        self._folder, self._run, self._description, self._recorder = folder, run, description, recorder
        self._cadence = Cadence(checkpoint, run.state.epoch)

    def __call__(self, event: Event) -> None:
        match event:
            case EpochSettled() if event.is_last or self._cadence.is_due(event.state.epoch):
                pass
            case PartSettled() if event.is_last or self._cadence.is_due_within():
                pass
            case _:
                return
        state, session = event.state, event.session
        document = state_to_document(state)
        if self._recorder is not None:
            document["recorded"] = self._recorder.to_dict()
        stored = StoredCheckpoint(
            self._description,
            document,
            session.network(),
            state.best,
            session.optimizer_state(),
            _arithmetic(self._run),
            None if self._recorder is None else self._recorder.last_seen,
            average=state.average,
        )
        self._folder.save(state.epoch, stored, self._run.optimizer.slots)
        self._cadence.kept(state.epoch)
