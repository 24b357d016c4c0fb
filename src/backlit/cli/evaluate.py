"""`backlit evaluate`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from backlit.cli.options import AsJson, DataFiles, ModelFile, Quiet, Threads
from backlit.cli.reading import ReadingOptions, reads_a_table
from backlit.cli.reading_for_models import tables_for

if TYPE_CHECKING:
    from backlit.tables.results import ClassScore

_MOST_CLASSES_IN_TABLE = 12
_UNEQUAL = 1.5  # from this ratio of sizes on, accuracy hides how well small classes are predicted


@reads_a_table
def evaluate(
    model: ModelFile,
    file: DataFiles,
    *,
    reading: ReadingOptions,
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Compare a model's predictions with the target's column of a table.

    Prints accuracy and a confusion table for classes, and precision and recall of each where their sizes differ; R²,
    root mean squared and mean absolute error for numbers. A label that training did not have counts as wrong.

    Example: [bold]backlit evaluate housing.safetensors held_out.csv[/bold]
    """
    from backlit.cli.output import print_json, remark, status
    from backlit.documents.strict_json import AS_NULL, plain
    from backlit.tables.metrics import WORDS
    from backlit.tables.model import TableModel

    loaded = TableModel.load(model)
    comparison = loaded.comparison(n_threads=threads)
    with status(f"Reading {file[0]} and predicting …", quiet=quiet):
        for table in tables_for(loaded, file, reading, quiet=quiet):
            comparison.add(table)
    result = comparison.result()
    for message in result.remarks:
        remark(message, quiet=quiet)
    classes = loaded.target.classes
    if as_json:
        document: dict[str, Any] = {"rows": result.n_rows, "metrics": plain(result.metrics, AS_NULL)}
        if classes is not None:
            document |= {"classes": list(classes), "confusion": result.confusion, "unseen": result.unseen}
            document["by_class"] = [plain(asdict(score), AS_NULL) for score in result.classes]
        print_json(document)
        return
    print(f"{result.n_rows:,} rows")
    for name, value in result.metrics.items():
        print(f"{WORDS.get(name, name)}: {value:.6g}")
    if result.confusion is not None and classes is not None:
        present = [score.rows for score in result.classes]
        if max(present) >= _UNEQUAL * min(present):
            print_classes(result.classes)
        print_confusion(result.confusion, [str(label) for label in classes], result.unseen)


def print_classes(scores: list[ClassScore]) -> None:
    """Print precision and recall of each class; of many classes the ten with the lowest recall."""
    from backlit.cli.output import print_report

    shown, title = scores, "by class"
    if len(scores) > _MOST_CLASSES_IN_TABLE:
        shown = sorted((score for score in scores if score.rows), key=lambda score: score.recall)[:10]
        title = "the classes that are found least"
    header = ["rows", "predicted", "precision", "recall", "class"]
    rows = [
        [
            f"{s.rows:,}",
            f"{s.predicted:,}",
            *(f"{v:.3f}" if v == v else "–" for v in (s.precision, s.recall)),
            str(s.label),
        ]
        for s in shown
    ]
    print_report(title, [(header, rows)], [])


def print_confusion(confusion: list[list[int]], classes: list[str], unseen: dict[str, list[int]] | None = None) -> None:
    """Print a confusion table: a row for each true class, a column for each predicted one.

    Parameters
    ----------
    confusion : list of list of int
    classes : list of str
    unseen : dict of str to list of int, optional
        More rows, for labels that training did not have.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if len(classes) > _MOST_CLASSES_IN_TABLE:
        wrong = [(n, i, j) for i, row in enumerate(confusion) for j, n in enumerate(row) if i != j and n]
        print("most frequent confusions (true → predicted):")
        for n, i, j in sorted(wrong, reverse=True)[:10]:
            print(f"  {classes[i]} → {classes[j]}: {n:,}")
        return
    table = Table(title="confusion: rows are true, columns predicted", title_justify="left")
    table.add_column("")
    for label in classes:
        table.add_column(Text(label), justify="right")  # as Text, since a class may look like Rich's markup
    for i, row in enumerate(confusion):
        cells = [f"[bold]{n:,}[/bold]" if i == j else (f"{n:,}" if n else "·") for j, n in enumerate(row)]
        table.add_row(Text(classes[i]), *cells)
    for label, row in list((unseen or {}).items())[:_MOST_CLASSES_IN_TABLE]:
        table.add_row(Text(f"{label} (not in training)"), *(f"{n:,}" if n else "·" for n in row))
    Console(highlight=False).print(table)
