#!/usr/bin/env bash
# A list of no columns selects all columns of a polars table, and none of its rows.
#
# One would guess: as table[["a", "b"]] gives the columns a and b, table[[]] gives a table without columns, of which
# select([]) gives an example, and pandas' table[[]] another.
# What happens: the empty list is taken for a list of rows. All columns come back, of whatever types, without a row.
# Why it matters: lists of columns are computed, "those of text", "those to scale", and one day a table has none of them.
# Then the code for columns of text is handed the numbers, an encoder learns from no rows, and sums come out as 0.
# Seen in: polars 2.1.0, asking a table for its columns of text, of which it had none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq polars==2.1.0 pandas==3.1.1
cd "$work"
"$work/python/bin/python" -W error - <<'PY'
import pandas as pd
import polars as pl

table = pl.DataFrame({"height": [1.5, 2.5], "width": [3, 4]})
text = [name for name, dtype in table.schema.items() if dtype == pl.String]
by_brackets, by_select = table[text], table.select(text)
in_pandas = pd.DataFrame({"height": [1.5, 2.5], "width": [3, 4]})[text]

print("version:  polars", pl.__version__, "pandas", pd.__version__)
print("belief:   a list of no columns gives a table of no columns")
print("behavior: it gives all columns without their rows")
print("table[[]]:       ", by_brackets.columns, by_brackets.shape)
print("table.select([]):", by_select.columns, by_select.shape)
print("pandas:          ", list(in_pandas.columns), in_pandas.shape)

assert text == []
assert by_brackets.columns == ["height", "width"] and by_brackets.height == 0
assert by_select.columns == [] and list(in_pandas.columns) == []
assert table[["width"]].shape == (2, 1)
PY
