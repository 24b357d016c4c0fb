"""`backlit inspect`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli.options import AsJson, DataFile, Quiet, usage
from backlit.cli.reading import ColumnOptions, ReadingOptions, knows_columns, reads_a_table

if TYPE_CHECKING:
    from backlit.data.columns.schema import TableSchema
    from backlit.data.inspection import ColumnFacts, Inspection, TargetFacts

_MOST_COLUMNS = 200
_MOST_CLASSES = 8
_UNEQUAL = 3


@reads_a_table
@knows_columns
def inspect(
    file: DataFile,
    target: Annotated[
        str | None,
        typer.Option(help="Column to predict; shows its classes, and columns that give it away.", show_default=False),
    ] = None,
    schema_out: Annotated[
        Path | None,
        typer.Option(help="Write what the columns are to a schema.json for train --schema.", show_default=False),
    ] = None,
    *,
    reading: ReadingOptions,
    columns: ColumnOptions,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show what each column of a table is taken for, and why, without training.

    Ranges, gaps, the most frequent values; with --target the sizes of the classes, and columns that give the target
    away on their own, which are often not known when a model is used. Lines that are not rows of the table are named.

    Example: [bold]backlit inspect housing.csv --target median_house_value --schema-out schema.json[/bold]
    """
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import print_json, remark, status
    from backlit.data.inspection import inspect_table
    from backlit.persistence import check_writable

    refuse_to_overwrite(schema_out, file)
    if schema_out is not None:
        check_writable(schema_out)
    if target is None and reading.labels is not None:
        target = reading.target(target)
    with status(f"Reading {file} …", quiet=quiet):
        needed = usage(columns.as_text, target or "")
        read = reading.read(file, target, needed)
    with status("Looking …", quiet=quiet):
        found = inspect_table(read.frame, usage(columns.choices, read, reading), target, partial(_places, target))
    if schema_out is not None:
        _write_schema(found, schema_out)
    if as_json:
        print_json({"file": str(file), "begins_on": read.begins_on, "read": list(read.remarks)} | found.to_document())
    else:
        _print(found, file, read.remarks)
    if schema_out is not None:
        remark(f"Wrote {schema_out}. Correct it where need be, and train with --schema {schema_out}.", quiet=quiet)


def _places(target: str | None, schema: TableSchema, n_rows: int) -> int:
    """Return how many values of a category have an input of their own in what `backlit train` does by itself."""
    from backlit.tables.presets import TableFacts, categories_for

    n_categories = sum(column.kind == "category" and column.name != target for column in schema.columns)
    return categories_for(TableFacts("", n_rows, n_categories=n_categories))


def _write_schema(found: Inspection, path: Path) -> None:
    from backlit.documents.strict_json import dump_in_order
    from backlit.persistence import atomic_write

    text = dump_in_order(found.schema.to_document(), indent=2)
    with atomic_write(path) as stream:
        stream.write(text.encode("utf-8") + b"\n")


def _print(found: Inspection, file: Path, remarks: tuple[str, ...]) -> None:
    from backlit.cli.output import print_report

    shown = found.columns[:_MOST_COLUMNS]
    after = [*remarks, *(f"Left out row {line.row:,}: {line.why}." for line in found.schema.left_out_rows)]
    after += found.schema.remarks
    if len(shown) < len(found.columns):
        after.append(f"{len(found.columns) - len(shown):,} more columns are not shown; --json has them all.")
    if found.target is not None:
        after += _about_target(found.target)
    if found.sample < found.n_rows:
        after.append(f"Frequent values and leaks were sought in {found.sample:,} of the rows.")
    header = ["column", "range", "gaps", "taken for, and most frequent values"]
    title = f"{file}: {found.n_rows:,} rows, {len(found.columns):,} columns"
    print_report(title, [(header, [_row(facts) for facts in shown])], after)


def _row(facts: ColumnFacts) -> list[str]:
    column = facts.column
    extent = "" if facts.low is None else f"{_short(facts.low)} … {_short(facts.high)}"
    gaps = column.gaps + column.n_misfits
    share = "" if not gaps else f"{gaps / max(column.rows, 1):.1%}"
    said = facts.said.removesuffix(f"; {column.gaps:,} gap" + "s" * (column.gaps > 1)) if column.gaps else facts.said
    if facts.frequent:
        said += ": " + ", ".join(f"{_short(value)} {share:.0%}" for value, share in facts.frequent)
    return [_cut(column.name, 28), extent, share, said]


def _about_target(target: TargetFacts) -> list[str]:
    said = [f"{target.why}."]
    if target.classes:
        total, sizes = sum(target.classes.values()), list(target.classes.items())
        listed = ", ".join(f"{label} {n / total:.1%}" for label, n in sizes[:_MOST_CLASSES])
        more = f" and {len(sizes) - _MOST_CLASSES} more" if len(sizes) > _MOST_CLASSES else ""
        said.append(f"Classes: {listed}{more}.")
        if sizes[0][1] >= _UNEQUAL * sizes[-1][1]:
            said.append(
                f"They are unequal: {sizes[0][0]!r} has {sizes[0][1]:,} rows and {sizes[-1][0]!r} {sizes[-1][1]:,}. "
                "Accuracy hides how well the small ones are predicted; see --class-weight balanced."
            )
    said += [
        f"{leak.column} gives {target.name} away on its own ({leak.score:.1%}). If it is not known when you predict, "
        f"leave it out: --ignore {leak.column!r}."
        for leak in target.leaks
    ]
    return said


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else _cut(str(value), 24)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
