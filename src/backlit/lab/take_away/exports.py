"""What can be taken away: the step as a page, the network as a file or as code, the lab as a whole."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path

from backlit.documents.strict_json import dump_in_order
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.explanation.exercise import Exercise
from backlit.lab.state.state import LabState
from backlit.lab.take_away.code import in_backlit, in_pytorch, in_scikit_learn
from backlit.lab.take_away.documents import lab_document, link_of, sheet_document
from backlit.lab.take_away.spreadsheet import step_as_csv
from backlit.lab.talk.findings import Export
from backlit.lab.talk.protocol import TakeAway

Write = Callable[[LabState, TakeAway], Export]


def take_away(state: LabState, asked: TakeAway) -> Export:
    """Return a file to take away."""
    if asked.kind not in EXPORTS:
        raise UnknownNameError("export", asked.kind, EXPORTS)
    if not 1 <= asked.digits <= 17:
        raise InvalidInputError(f"digits must lie in 1 to 17, but {asked.digits} came.")
    if state.work is not None and not state.work.done and asked.kind in _TELLS:
        raise InvalidInputError("This would tell what the exercise asks for. Finish it, or end it, first.")
    return EXPORTS[asked.kind][1](state, asked)


def _page(format: str, name: str, media_type: str) -> Write:
    def write(state: LabState, asked: TakeAway) -> Export:
        step = state.explanation
        worksheet = {"worksheet": True} if name.startswith("worksheet") else {}
        from backlit.explanation.views.render import render

        return Export(name, media_type, render(step, format, digits=asked.digits, **worksheet), "")  # type: ignore[arg-type]

    return write


def _model(state: LabState, asked: TakeAway) -> Export:
    data, network, loss = state.data, state.network, state.history.loss
    with tempfile.TemporaryDirectory(prefix="backlit-lab-") as folder:
        path = Path(folder) / "model.safetensors"
        if data.encoder is None or data.target is None:
            from backlit.persistence.model_file import save_network

            save_network(path, network, loss)
        else:
            from backlit.tables.model import TableModel

            how = state.training
            options = {"solver": how.solver, "learning_rate": how.learning_rate}
            TableModel(network, loss, data.target, data.encoder, {"options": options}).save(path)
        raw = path.read_bytes()
    return Export("model.safetensors", "application/octet-stream", "", base64.b64encode(raw).decode())


def _exercise(state: LabState, asked: TakeAway) -> Export:
    document = Exercise.of(state.explanation).to_dict()
    return Export("exercise.json", "application/json", dump_in_order(document, 2), "")


def _lab(state: LabState, asked: TakeAway) -> Export:
    return Export("lab.json", "application/json", dump_in_order(lab_document(state)), "")


def _link(state: LabState, asked: TakeAway) -> Export:
    return Export("link.txt", "text/plain", link_of(lab_document(state)), "")


def _sheet(state: LabState, asked: TakeAway) -> Export:
    return Export("sheet.json", "application/json", dump_in_order(sheet_document(state, asked.title), 2), "")


def _sheet_link(state: LabState, asked: TakeAway) -> Export:
    return Export("sheet-link.txt", "text/plain", link_of(sheet_document(state, asked.title)), "")


def _code(write: Callable[[LabState], str], name: str) -> Write:
    return lambda state, asked: Export(name, "text/x-python", write(state), "")


def _csv(state: LabState, asked: TakeAway) -> Export:
    return Export("step.csv", "text/csv", step_as_csv(state), "")


EXPORTS: dict[str, tuple[str, Write]] = {
    "html": ("the step as a page", _page("html", "step.html", "text/html")),
    "latex": ("the step for pdflatex", _page("latex", "step.tex", "application/x-tex")),
    "markdown": ("the step in Markdown", _page("markdown", "step.md", "text/markdown")),
    "text": ("the step as plain text", _page("text", "step.txt", "text/plain")),
    "json": ("all numbers of the step, exact", _page("json", "step.json", "application/json")),
    "csv": ("all numbers of the step, for a spreadsheet", _csv),
    "worksheet": ("the step with gaps to fill in by hand", _page("html", "worksheet.html", "text/html")),
    "exercise": ("network and examples, for `backlit explain --network`", _exercise),
    "model": ("the network as a model file", _model),
    "backlit": ("code: the network in backlit", _code(in_backlit, "network_backlit.py")),
    "scikit-learn": ("code: the network in scikit-learn", _code(in_scikit_learn, "network_sklearn.py")),
    "pytorch": ("code: the network in PyTorch", _code(in_pytorch, "network_pytorch.py")),
    "lab": ("the whole lab as a file", _lab),
    "link": ("the whole lab as a link", _link),
    "sheet": ("the sheet of exercises as a file", _sheet),
    "sheet-link": ("the sheet of exercises as a link", _sheet_link),
}
"""Kind → words for it, and what writes it."""

# a worksheet has its gaps where it likes, not where this exercise has them
_TELLS = ("html", "latex", "markdown", "text", "json", "csv", "worksheet")
