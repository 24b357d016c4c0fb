"""What can be done in a lab: one pure function a command, ``(state, command) → (state, reply)``.

No web and no threads: the server, the notebook's widget and the recorder of lessons call the same functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backlit.core.parametric import plain_name as plain_activation
from backlit.errors import InvalidInputError
from backlit.explanation.exercise import Exercise
from backlit.lab.choices import choices
from backlit.lab.data.sources import from_model, from_table
from backlit.lab.data.tables import DOCUMENTS, MODELS, plain_name, read_model, read_upload, upload_view
from backlit.lab.limits import MOST_SHOWN, MOST_STEPS, within
from backlit.lab.pictures.demons import ask_demon, rank_neurons, slice_cost
from backlit.lab.pictures.pictures import pictures
from backlit.lab.state.deeds import EditOf, Moment, StepBy
from backlit.lab.state.exercises import Sheet, Task, Work
from backlit.lab.state.history import History, after_step
from backlit.lab.state.numbers import OF_THE_BATCH
from backlit.lab.state.state import LabState, new_network, with_built_in, with_data, with_homework, with_network
from backlit.lab.step.answers import judged
from backlit.lab.step.formula import explain_number
from backlit.lab.step.viewing import shown_neurons, view_of
from backlit.lab.take_away.documents import open_task, open_text
from backlit.lab.take_away.exports import take_away
from backlit.lab.talk import protocol as page
from backlit.lab.talk.findings import PicturesView
from backlit.lab.talk.replies import Opened, TrainingView, UploadView
from backlit.training.options import FitOptions

Reply = Any


def first_lab() -> LabState:
    """Return the lab that a page begins with."""
    return with_built_in("xor")


def act(state: LabState, command: Any) -> tuple[LabState, Reply]:
    """Do what a command of `backlit.lab.talk.protocol` says.

    Parameters
    ----------
    state : LabState
    command : dataclass
        One of `backlit.lab.talk.protocol.COMMANDS`, but for ``Play`` and ``Pause``, which take time and are for
        `backlit.lab.session`.

    Returns
    -------
    LabState
        The same where the command only asked.
    reply : dataclass
        As `COMMANDS` says.
    """
    kind = type(command)
    if kind in _TELL_ERRORS and state.work is not None and state.work.asks_for_errors:
        raise InvalidInputError("This would tell errors that the exercise asks for. Finish it, or end it, first.")
    if kind in _ASKS:
        return state, _ASKS[kind](state, command)
    if kind not in _CHANGES:
        raise InvalidInputError(f"{kind.__name__} needs a lab that runs: there is none here.")
    changed = _CHANGES[kind](replace(state, notes=()), command)
    if kind is page.SetPictures:
        return changed, draw(changed, changed.pictures)
    return changed, view_of(changed)


def take_in(state: LabState, name: str, raw: bytes) -> tuple[LabState, UploadView]:
    """Take in a file that was uploaded: a table, a model, or a document. Its bytes alone are looked at.

    Parameters
    ----------
    name : str
        What it is called; only its ending matters.
    raw : bytes
    """
    safe, suffix = plain_name(name)
    if suffix in MODELS:
        model, network, loss = read_model(name, raw)
        opened = with_network(from_model(model, network, safe), network, loss, 0.01, "adam")
        opened = replace(opened, model=model)
        return opened, _opened(safe, opened)
    if suffix in DOCUMENTS:
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise InvalidInputError(f"{safe!r} is not UTF-8 text. Take the document away once more.") from None
        opened = open_text(text)
        return opened, _opened(safe, opened)
    waiting = read_upload(name, raw)
    if state.model is not None and state.data.source == "model":
        data = from_model(state.model, state.network, state.data.name, waiting.frame)
        opened = replace(with_network(data, state.network, state.history.loss, 0.01, "adam"), model=state.model)
        return opened, _opened(safe, opened)
    return replace(state, waiting=waiting), upload_view(waiting)


def _opened(name: str, state: LabState) -> UploadView:
    return UploadView(name, "opened", len(state.data.x), (), (), "", view_of(state))


def draw(state: LabState, asked: page.Pictures) -> PicturesView:
    """Return pictures of the network at the moment in view."""
    history = state.history
    records = [each for each in history.records if each[0] <= history.position]
    rate, row = state.training.learning_rate, state.rows[state.example]
    return pictures(state.data, state.network, history.loss, rate, asked, records, row)


def _use_table(state: LabState, asked: page.UseTable) -> LabState:
    waiting = state.waiting
    if waiting is None:
        raise InvalidInputError("There is no table yet. Upload a CSV or Parquet file first.")
    return with_data(
        from_table(
            waiting.frame,
            asked.target,
            name=waiting.name,
            title=waiting.name,
            task=asked.task,
            ignored=asked.ignored,
            raw=waiting.raw,
            remarks=waiting.remarks,
        )
    )


def _set_network(state: LabState, asked: page.SetNetwork) -> LabState:
    network = new_network(
        state.data,
        asked.hidden,
        list(map(plain_activation, asked.activations)),  # a network that is drawn anew has no α
        asked.output_activation,
        asked.loss,
        asked.seed,
        asked.initialization,
    )
    history = History(state.data, asked.loss, network)
    begun = state.with_history(history)
    return replace(begun, drawn=True, initialization=asked.initialization, seed=asked.seed, shown={}, model=None)


def _set_training(state: LabState, asked: page.SetTraining) -> LabState:
    if asked.solver == "lbfgs":
        raise InvalidInputError("lbfgs takes all its steps at once, so there is nothing to watch. Choose another.")
    if asked.batch_size is not None and asked.batch_size < 1:
        raise InvalidInputError(f"The batch size must be at least 1, or null, but {asked.batch_size} came.")
    # what is wrong with the others is said where they are used
    FitOptions(solver=asked.solver, learning_rate=asked.learning_rate, l2=asked.l2, alpha=0.0)
    told = TrainingView(asked.solver, asked.learning_rate, asked.batch_size, asked.l2)
    return replace(state, training=told, work=None)


def _choose(state: LabState, asked: page.Choose) -> LabState:
    chosen = state.choosing([row - 1 for row in asked.rows], asked.example - 1)
    return replace(chosen, work=None)


def _show(state: LabState, asked: page.Show) -> LabState:
    sizes = state.network.sizes
    within("neurons of a layer in the picture", len(asked.neurons), MOST_SHOWN, "Choose fewer.")
    if not 1 <= asked.layer <= len(sizes):
        raise InvalidInputError(f"The network has layers 1 to {len(sizes)}, but {asked.layer} came.")
    if any(not 1 <= j <= sizes[asked.layer - 1] for j in asked.neurons):
        raise InvalidInputError(f"Layer {asked.layer} has neurons 1 to {sizes[asked.layer - 1]}. Choose among them.")
    return replace(state, shown=state.shown | {asked.layer: tuple(sorted(set(asked.neurons)))}, work=None)


def _step(state: LabState, asked: page.Step) -> LabState:
    within("steps at once", asked.count, MOST_STEPS, "Take fewer, or let it play.")
    if asked.count < 1:
        raise InvalidInputError(f"Take at least 1 step, not {asked.count}. To go back, go to an earlier position.")
    deed, history = StepBy(state.rows, state.training.learning_rate), state.history
    # one step is the one in view, which is worked out already
    moment = Moment(after_step(state.explanation), history.now.epochs) if asked.count == 1 else None
    return state.with_history(history.with_done(deed, asked.count, moment))


def _go_to(state: LabState, asked: page.GoTo) -> LabState:
    moved = replace(state.history, position=asked.position)
    _ = moved.now  # or raise
    return state.with_history(moved)


def _reset(state: LabState, asked: page.Reset) -> LabState:
    history, seed = state.history, state.seed if asked.seed is None else asked.seed
    network = history.start
    if asked.seed is not None:
        if not state.drawn:
            raise InvalidInputError("These weights were given, not drawn, so no seed belongs to them.")
        names = network.activations
        network = new_network(
            state.data, network.sizes[1:-1], names[:-1], names[-1], history.loss, seed, state.initialization
        )
    begun = state.with_history(History(state.data, history.loss, network))
    return replace(begun, seed=seed)


def _edit(state: LabState, asked: page.Edit) -> LabState:
    return state.with_history(state.history.with_done(EditOf(asked.layer, asked.neuron, asked.k, asked.value), 1))


def _start_exercise(state: LabState, asked: page.StartExercise) -> LabState:
    step = state.explanation
    shown = {layer: shown_neurons(state, step, layer) for layer in range(1, step.n_layers + 1)}
    work = Work.on(step, asked.kind, asked.places, shown, state.example, asked.title)
    return replace(state, work=work, sheet=None)


def _working(state: LabState) -> Work:
    if state.work is None:
        raise InvalidInputError("There is no exercise. Start one first.")
    return state.work


def _answer(state: LabState, asked: page.Answer) -> LabState:
    work = _working(state)
    cell = judged(work.find(asked.place), asked.text, state.explanation, state.example)
    return replace(state, work=work.put(cell))


def _reveal(state: LabState, asked: page.Reveal) -> LabState:
    work = _working(state)
    cells = work.cells if asked.place is None else (work.find(asked.place),)
    for cell in cells:
        if cell.state != "right":
            work = work.put(replace(cell, state="shown", words="Shown."))
    return replace(state, work=work)


def _add_to_sheet(state: LabState, asked: page.AddToSheet) -> LabState:
    work = _working(state)
    places = tuple(replace(cell.place, example=None) for cell in work.cells)
    of_batch = all(place.quantity in OF_THE_BATCH for place in places)
    rows = range(len(state.rows)) if of_batch else [state.example]
    exercise = Exercise.of(state.explanation).only([row + 1 for row in rows])
    task = Task(asked.title or work.title, exercise.to_dict(), state.example if of_batch else 0, places)
    before = state.making or Sheet("Exercises", ())
    sheet = replace(before, tasks=(*before.tasks, task))
    return replace(state, making=sheet, notes=(f"The sheet has {len(sheet.tasks)} exercises now.",))


def _end_exercise(state: LabState, asked: page.EndExercise) -> LabState:
    return replace(state, work=None, sheet=None)


_ASKS: dict[type, Callable[[LabState, Any], Reply]] = {
    page.Open: lambda state, asked: Opened(
        choices(), view_of(state), None if state.waiting is None else upload_view(state.waiting)
    ),
    page.Look: lambda state, asked: view_of(state),
    page.Explain: lambda state, asked: explain_number(state, asked.place, asked.terms, asked.digits),
    page.AskDemon: ask_demon,
    page.RankNeurons: rank_neurons,
    page.SliceCost: slice_cost,
    page.Pictures: draw,
    page.TakeAway: take_away,
}
_TELL_ERRORS = (page.AskDemon, page.RankNeurons, page.SliceCost)
_CHANGES: dict[type, Callable[[LabState, Any], LabState]] = {
    page.ChooseData: lambda state, asked: replace(with_built_in(asked.name), making=state.making),
    page.UseTable: _use_table,
    page.EnterHomework: lambda state, asked: replace(
        with_homework(Exercise.from_dict(asked.document)), making=state.making
    ),
    page.OpenDocument: lambda state, asked: open_text(asked.text),
    page.SetNetwork: _set_network,
    page.SetTraining: _set_training,
    page.SetPictures: lambda state, asked: replace(state, pictures=asked),
    page.Choose: _choose,
    page.Show: _show,
    page.Step: _step,
    page.GoTo: _go_to,
    page.Reset: _reset,
    page.Edit: _edit,
    page.StartExercise: _start_exercise,
    page.Answer: _answer,
    page.Reveal: _reveal,
    page.TurnTo: lambda state, asked: open_task(state, asked.number),
    page.AddToSheet: _add_to_sheet,
    page.EndExercise: _end_exercise,
}
