"""A whole lab, or a sheet of exercises, as one document: a file, or the part of a link after its ``#``."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from backlit.core.network import Network
from backlit.core.parametric import alphas_of, plain_name, with_alphas
from backlit.documents.field import Field, Kind
from backlit.documents.strict_json import dump, parse, plain
from backlit.errors import InvalidInputError
from backlit.explanation.exercise import Exercise
from backlit.lab.data.dataset import Dataset
from backlit.lab.data.tables import read_upload
from backlit.lab.limits import MOST_MOVES, MOST_TEXT, within
from backlit.lab.state.deeds import Deed, EditOf, EpochWith, StepBy
from backlit.lab.state.exercises import Sheet, Task
from backlit.lab.state.history import History
from backlit.lab.state.state import LabState, with_built_in, with_data, with_homework, with_network
from backlit.lab.talk.replies import Reference, TrainingView
from backlit.lab.talk.wire import value_of

LAB, SHEET, VERSION = "backlit-lab", "backlit-sheet", 1
MOST_LINK = 60_000
"""Signs of a link; longer ones do not get through everywhere."""
MOST_WORK = 2e11
"""Multiplications that are done again when a file is opened, some ten seconds of them."""

_KIND = Kind(remedy="The document is damaged or was edited: take it away from a lab again.")
_DEEDS: dict[str, type] = {"step": StepBy, "edit": EditOf, "epoch": EpochWith}


def lab_document(state: LabState) -> dict[str, Any]:
    """Return a lab as plain JSON: where it began, and everything that was done since."""
    data, history = state.data, state.history
    network = history.start
    alphas = alphas_of(network)
    given = not state.drawn
    return {
        "format": LAB,
        "version": VERSION,
        "data": _data_document(data),
        "network": {
            "sizes": list(network.sizes),
            "activations": list(map(plain_name, network.activations)),
            "loss": history.loss,
            "seed": state.seed,
            "initialization": state.initialization,
            "weights": [np.asarray(w).tolist() for w in network.weights] if given else None,
            "biases": [np.asarray(b).tolist() for b in network.biases] if given else None,
            **({"alpha": [np.asarray(alpha).tolist() for alpha in alphas]} if alphas else {}),
        },
        "training": plain(state.training),
        "done": [[_name_of(deed), plain(deed), count] for deed, count in history.deeds],
        "position": history.position,
        "rows": list(state.rows),
        "example": state.example,
    }


def sheet_document(state: LabState, title: str) -> dict[str, Any]:
    """Return the sheet that is being made, or that is being worked on."""
    sheet = state.making or state.sheet
    if sheet is None or not sheet.tasks:
        raise InvalidInputError("There is no sheet yet. Start an exercise and put it on the sheet first.")
    tasks = [
        {"title": task.title, "exercise": task.exercise, "example": task.example, "places": plain(task.places)}
        for task in sheet.tasks
    ]
    return {"format": SHEET, "version": VERSION, "title": title or sheet.title, "tasks": tasks}


def link_of(document: dict[str, Any]) -> str:
    """Return a document as what stands in a link after ``#state=``."""
    text = base64.urlsafe_b64encode(zlib.compress(dump(document).encode(), 9)).decode().rstrip("=")
    if len(text) > MOST_LINK:
        raise InvalidInputError(
            f"As a link this would have {len(text):,} signs, and links of more than {MOST_LINK:,} get lost. "
            "Take it away as a file."
        )
    return text


def open_text(text: str) -> LabState:
    """Open a lab, a sheet, an exercise or an explanation from the text of its file or link.

    Raises
    ------
    InvalidInputError
        Naming what is wrong with it.
    """
    within("signs", len(text), MOST_TEXT, "Take a smaller document.")
    text = text.strip()
    if not text.startswith("{"):
        text = _unpacked(text.rpartition("state=")[2])
    document = parse(text)
    if not isinstance(document, dict):
        raise InvalidInputError("A lab, a sheet or an exercise was expected, but this is none of them.")
    field = Field(document, "the document", _KIND)
    if document.get("format") == LAB:
        return _lab(field)
    if document.get("format") == SHEET:
        return open_task(replace(_first(sheet := _sheet(field)), sheet=sheet), 1)
    if "format" in document:
        from backlit.explanation.json_document import from_document

        return with_homework(Exercise.of(from_document(document)))
    return with_homework(Exercise.from_dict(document))


def open_task(state: LabState, number: int) -> LabState:
    """Turn to an exercise of the sheet, counted from 1."""
    from backlit.lab.state.exercises import Work
    from backlit.lab.step.viewing import shown_neurons

    sheet = state.sheet
    if sheet is None or not 1 <= number <= len(sheet.tasks):
        raise InvalidInputError(f"The sheet has no exercise {number}.")
    task = sheet.tasks[number - 1]
    opened = with_homework(Exercise.from_dict(task.exercise))
    opened = replace(opened, sheet=sheet, making=state.making).choosing(opened.rows, task.example)
    step = opened.explanation
    shown = {layer: shown_neurons(opened, step, layer) for layer in range(1, step.n_layers + 1)}
    work = Work.on(step, "cells", task.places, shown, task.example, task.title)
    return replace(opened, work=replace(work, number=number))


def _first(sheet: Sheet) -> LabState:
    return with_homework(Exercise.from_dict(sheet.tasks[0].exercise))


def _unpacked(text: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if not raw:
            raise ValueError
        reader = zlib.decompressobj()
        unpacked = reader.decompress(raw, MOST_TEXT)
        if reader.unconsumed_tail or not reader.eof:
            raise InvalidInputError("The link holds too much, or its end is missing. Ask for the file.")
        return unpacked.decode()
    except (ValueError, zlib.error) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError("This is neither a document nor a link of the lab. Copy all of it.") from error


def _data_document(data: Dataset) -> dict[str, Any]:
    if data.source == "built-in":
        return {"source": "built-in", "name": data.name}
    if data.source == "file":
        told = {"target": data.target.name if data.target else "", "task": data.task, "ignored": list(data.ignored)}
        return {"source": "file", "name": data.name, "file": base64.b64encode(data.raw).decode(), **told}
    return {"source": "numbers", "x": data.x.tolist(), "y": None if data.y is None else data.y.tolist()}


def _lab(document: Field) -> LabState:
    document.header(LAB, VERSION)
    fields = document.fields("format", "version", "data", "network", "training", "done", "position", "rows", "example")
    network, loss, spec = _network(fields["network"])
    state = _begin(fields["data"], network, loss)
    training: TrainingView = value_of(TrainingView, fields["training"])
    data = state.data
    if network.sizes[0] != data.x.shape[1] or network.sizes[-1] != data.n_outputs:
        fields["network"].fail("The network does not fit the data.")
    deeds = tuple(_deed(each) for each in fields["done"].parts(most=MOST_MOVES))
    history = History(data, loss, network, deeds)
    within("steps, edits and epochs", history.length, MOST_MOVES, "Take a lab with a shorter history.")
    position = fields["position"].whole(0, history.length)
    _check_work(history)
    state = replace(state, history=replace(history, position=position), training=training, **spec)
    state = state.choosing([row.whole() for row in fields["rows"].parts(least=1)], fields["example"].whole())
    _ = state.history.now  # what is wrong with it shows now, not when it is looked at
    return state


def _begin(data: Field, network: Network, loss: str) -> LabState:
    source = data["source"].one_of("built-in", "file", "numbers")
    if source == "built-in":
        return with_built_in(data["name"].text())
    if source == "file":
        try:
            raw = base64.b64decode(data["file"].text(), validate=True)
        except ValueError:
            data["file"].refuse("a file in base64")
        waiting = read_upload(data["name"].text(), raw)
        from backlit.lab.data.sources import from_table

        task = data["task"].one_of("classification", "regression")
        return with_data(
            from_table(
                waiting.frame,
                data["target"].text(),
                name=waiting.name,
                title=waiting.name,
                task=task,  # type: ignore[arg-type]
                ignored=data["ignored"].texts(),
                raw=raw,
            )
        )
    n = len(data["x"].parts(least=1))
    x = data["x"].array((n, network.sizes[0]), "float64")
    y = None if data["y"].is_null else data["y"].array((n, network.sizes[-1]), "float64")
    from backlit.lab.data.sources import from_homework

    return with_network(from_homework(Exercise(network, x, y, loss)), network, loss, 0.1)


def _network(document: Field) -> tuple[Network, str, dict[str, Any]]:
    from backlit.core.backpropagation import check_loss_fits
    from backlit.lab.limits import check_sizes

    fields = document.fields("sizes", "activations", "loss", "seed", "initialization", "weights", "biases", alpha=None)
    sizes = [size.whole(1) for size in fields["sizes"].parts(least=2)]
    check_sizes(sizes)
    names = fields["activations"].texts(len(sizes) - 1)
    seed = fields["seed"].whole(0, 2**64 - 1)
    initialization = None if fields["initialization"].is_null else fields["initialization"].text()
    drawn = fields["weights"].is_null
    with document.naming():
        if drawn:
            network = Network.initialize(sizes, names, seed=seed, initialization=initialization)
        else:
            shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
            pairs = zip(fields["weights"].parts(len(shapes)), fields["biases"].parts(len(shapes)), shapes, strict=True)
            told = [(w.array(shape, "float64"), b.array(shape[:1], "float64")) for w, b, shape in pairs]
            network = Network(tuple(w for w, _ in told), tuple(b for _, b in told), tuple(names))
        if not fields["alpha"].is_null:
            rows = zip(fields["alpha"].parts(len(sizes) - 2), sizes[1:], strict=False)
            alphas = [row.array((n,), "float64") for row, n in rows]
            network = Network(network.weights, network.biases, with_alphas(names, alphas))
        loss = check_loss_fits(network, fields["loss"].text())
    return network, loss, {"drawn": drawn, "seed": seed, "initialization": initialization}


def _deed(document: Field) -> tuple[Deed, int]:
    name, told, count = document.parts(3)
    kind = _DEEDS[name.one_of(*_DEEDS)]
    return value_of(kind, told), count.whole(1, MOST_MOVES)


def _name_of(deed: Deed) -> str:
    return next(name for name, kind in _DEEDS.items() if isinstance(deed, kind))


def _check_work(history: History) -> None:
    size, work = history.start.n_parameters, 0.0
    for deed, count in history.deeds:
        rows = len(history.data.training_rows) if isinstance(deed, EpochWith) else 32
        work += 6.0 * size * rows * count
    if work > MOST_WORK:
        raise InvalidInputError("Its history would take too long to be done again. Take the model file away instead.")


def _sheet(document: Field) -> Sheet:
    document.header(SHEET, VERSION)
    fields = document.fields("format", "version", "title", "tasks")
    tasks = []
    for part in fields["tasks"].parts(least=1, most=100):
        each = part.fields("title", "exercise", "example", "places")
        places = tuple(value_of(Reference, place) for place in each["places"].parts(least=1))
        tasks.append(Task(each["title"].text(), each["exercise"].object(), each["example"].whole(), places))
    return Sheet(fields["title"].text(), tuple(tasks))
