"""`backlit evaluate`."""

from __future__ import annotations

from typing import Any

from backlit.cli.options import AsJson, DataFile, ModelFile, Quiet, Threads
from backlit.cli.reading import ReadingOptions, read_for, reads_a_table

_MOST_CLASSES_IN_TABLE = 12
_WORDS = {
    "accuracy": "accuracy",
    "r2": "R²",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "cost": "cost",
}


@reads_a_table
def evaluate(
    model: ModelFile,
    file: DataFile,
    *,
    reading: ReadingOptions,
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Compare a model's predictions with the target's column of a table.

    Prints accuracy and a confusion table for classes; R², root mean squared and mean absolute error for numbers.

    Example: [bold]backlit evaluate housing.safetensors held_out.csv[/bold]
    """
    from backlit.cli.output import print_json, remark, status
    from backlit.documents.strict_json import AS_NULL, plain
    from backlit.tables.model import TableModel

    loaded = TableModel.load(model)
    with status(f"Reading {file} …", quiet=quiet):
        table = read_for(loaded, file, reading, quiet=quiet)
    with status("Predicting …", quiet=quiet):
        result = loaded.evaluate(table, n_threads=threads)
    for message in result.remarks:
        remark(message, quiet=quiet)
    if as_json:
        document: dict[str, Any] = {"rows": result.n_rows, "metrics": plain(result.metrics, AS_NULL)}
        if loaded.target.classes is not None:
            document |= {"classes": list(loaded.target.classes), "confusion": result.confusion}
        print_json(document)
        return
    print(f"{result.n_rows:,} rows")
    for name, value in result.metrics.items():
        print(f"{_WORDS[name]}: {value:.6g}")
    if result.confusion is not None and loaded.target.classes is not None:
        print_confusion(result.confusion, [str(label) for label in loaded.target.classes])


def print_confusion(confusion: list[list[int]], classes: list[str]) -> None:
    """Print a confusion table: a row for each true class, a column for each predicted one."""
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
    Console(highlight=False).print(table)
