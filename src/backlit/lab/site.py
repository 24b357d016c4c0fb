"""The lab as a static site: lessons that Python worked through once, every number recorded, to be looked at without it.

``python -m backlit.lab.site FOLDER`` writes it. A recording holds the answers to what the page asks, as
``{"replies": {"@position.example Command {arguments}": answer}}``; arguments are JSON with sorted keys, and what is
null left out. Views stand under ``Look``: every move in time or to another example leads to one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from backlit.documents.strict_json import dump
from backlit.errors import BacklitError
from backlit.explanation.exercise import Exercise
from backlit.lab.commands import act
from backlit.lab.in_browser import BY_HAND, sources
from backlit.lab.served.guard import CONTENT_SECURITY_POLICY
from backlit.lab.served.page import page_files
from backlit.lab.state.numbers import OF_A_WEIGHT, OF_THE_BATCH
from backlit.lab.state.state import LabState, with_built_in, with_homework
from backlit.lab.talk import protocol as page
from backlit.lab.talk.replies import LabView, Quantity, Reference
from backlit.lab.talk.wire import encode
from backlit.persistence import atomic_write

RESOLUTION = 60
DEMONS_DZ = (4.0, 1.0, -1.0)
"""Of what the demon may be asked, the curve and a step to either side: each answer is a curve of its own."""
_EXPORTS = ("latex", "markdown", "text", "json", "csv", "exercise", "backlit", "scikit-learn", "pytorch")
_QUANTITIES: tuple[Quantity, ...] = (
    *("z", "a", "sigma_prime", "nabla_a", "delta", "b", "nabla_b", "b_new", "w", "nabla_w", "w_new"),
)


@dataclass(frozen=True)
class Lesson:
    """A lesson: where it begins, which rows are the batch, and how many steps are taken."""

    title: str
    words: str
    begin: Callable[[], LabState]
    rows: tuple[int, ...]
    steps: int


LESSONS: dict[str, Lesson] = {
    "by-hand": Lesson(
        "By hand",
        "one example and nine numbers, to be worked out on paper",
        lambda: with_homework(Exercise.from_dict(BY_HAND)),
        (0,),
        4,
    ),
    "xor": Lesson("XOR", "four rows, and the gradient as their mean", lambda: with_built_in("xor"), (0, 1, 2, 3), 3),
    "iris": Lesson("Iris", "softmax and cross-entropy, three species", lambda: with_built_in("iris"), (0, 1, 2), 2),
}


def record(lesson: Lesson) -> dict[str, Any]:
    """Return the answers to everything that can be asked in a lesson."""
    state, _ = act(lesson.begin(), page.Choose(tuple(row + 1 for row in lesson.rows)))
    if lesson.steps:
        state, _ = act(state, page.Step(lesson.steps))
    replies: dict[str, Any] = {}
    for position in range(lesson.steps + 1):
        state, _ = act(state, page.GoTo(position))
        for example in range(len(lesson.rows)):
            seen = replace(state, example=example, notes=())
            for command in _questions(seen):
                try:
                    _, reply = act(seen, command)
                except BacklitError:
                    continue  # nothing there, and the page does not ask
                replies[f"@{position}.{example + 1} {question(command)}"] = encode(reply)
    begun, _ = act(replace(state, example=0), page.GoTo(0))
    _, opened = act(begun, page.Open())
    return {"replies": {"Open {}": encode(opened)} | replies}


def question(command: Any) -> str:
    """Return how a command is written in a recording."""
    kind = type(command)
    defaults = {name: field.default for name, field in kind.__dataclass_fields__.items()}
    # what the page leaves to its default it does not send, but for pictures, whose every field it says
    given = asdict(command)
    if not isinstance(command, page.Pictures | page.AskDemon | page.RankNeurons):
        given = {name: value for name, value in given.items() if value != defaults[name]}
    return f"{kind.__name__} {dump(_bare(_whole(given)))}"


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if part is not None}
    return [_bare(part) for part in value] if isinstance(value, list | tuple) else value


def _whole(value: Any) -> Any:
    # JavaScript writes 4.0 as 4
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _questions(state: LabState) -> Iterator[Any]:
    yield page.Look()
    _, view = act(state, page.Look())
    classes = view.data.task == "classification"
    yield page.Pictures(True, True, classes, True, True, 1, min(2, len(view.data.features)), RESOLUTION)
    batches = (False, True) if len(state.rows) > 1 else (False,)
    yield from (page.RankNeurons(batch) for batch in batches)
    yield from (page.TakeAway(kind) for kind in _EXPORTS)
    yield from (page.Explain(place) for place in _places(view))
    for layer in view.trace.layers if view.trace else ():
        for j in layer.shown:
            yield from (page.AskDemon(layer.layer, j, dz, batch) for dz in DEMONS_DZ for batch in batches)
    for place in _places(view):
        if place.quantity in ("w", "b"):
            yield page.SliceCost(place.layer, place.neuron, place.k)


def _places(view: LabView) -> Iterator[Reference]:
    """Yield every number in view as the page refers to it."""
    trace = view.trace
    if trace is None:
        return
    e, last = trace.example, len(view.network.sizes)
    shown = {1: trace.shown_inputs} | {layer.layer: layer.shown for layer in trace.layers}
    yield from (Reference("x", 1, k, None, e) for k in shown[1])
    yield from (Reference("y", last, j, None, e) for j in shown[last])
    yield from (Reference("cost", last, j, None, at) for j in (0, 1) for at in (None, e))
    for layer in range(2, last + 1):
        for quantity in _QUANTITIES:
            example = None if quantity in OF_THE_BATCH else e
            for j in shown[layer]:
                ks = shown[layer - 1] if quantity in OF_A_WEIGHT else (None,)
                yield from (Reference(quantity, layer, j, k, example) for k in ks)


def write_site(folder: Path) -> list[Path]:
    """Write the site, each file whole or not at all, and return its files."""
    files = {f"built/{name.rpartition('/')[2]}": content for name, (content, _) in page_files().items() if name != "/"}
    for name, lesson in LESSONS.items():
        files[f"{name}.json"] = dump(record(lesson)).encode()
        files[f"{name}.html"] = _lesson_page(name, lesson).encode()
    files["python.zip"] = sources()
    files["python.html"] = _python_page().encode()
    files["index.html"] = _index().encode()
    written = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as stream:
            stream.write(content)
        written.append(path)
    return written


_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<link rel="icon" href="data:,">
"""


def _head(title: str) -> str:
    # in a page, a browser does not heed frame-ancestors
    policy = CONTENT_SECURITY_POLICY.replace("; frame-ancestors 'none'", "")
    return _HEAD.format(policy=policy, title=escape(title))


def _lesson_page(name: str, lesson: Lesson) -> str:
    script = '<script type="module" src="built/page.js"></script>'
    body = f'<div id="lab" data-recording="{name}.json"></div>'
    return f"{_head(f'{lesson.title}: backlit lab')}{script}\n</head>\n<body>\n{body}\n</body>\n</html>\n"


def _python_page() -> str:
    """Return the page whose Python runs in the browser: Pyodide's files lie beside it, in a folder of their own."""
    head = _head("backlit lab").replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
    script = '<script type="module" src="built/page.js"></script>'
    body = '<div id="lab" data-python="pyodide/" data-sources="python.zip"></div>'
    return f"{head}{script}\n</head>\n<body>\n{body}\n</body>\n</html>\n"


def _index() -> str:
    items = "\n".join(
        f'<li><a href="{name}.html">{escape(lesson.title)}</a>: {escape(lesson.words)}</li>'
        for name, lesson in LESSONS.items()
    )
    words = "Every number of a few steps of backpropagation, recorded. To use your own: pip install 'backlit[lab]'."
    python = (
        '<a href="python.html">With Python in the browser</a>, where Pyodide lies in the folder <code>pyodide</code>.'
    )
    return (
        f"{_head('backlit lab: lessons')}</head>\n<body>\n<h1>Lessons of the lab</h1>\n<p>{words}</p>\n"
        f"<ul>\n{items}\n</ul>\n<p>{python}</p>\n</body>\n</html>\n"
    )


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        for path in write_site(Path(sys.argv[1])):
            print(path)
