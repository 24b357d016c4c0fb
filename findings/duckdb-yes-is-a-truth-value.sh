#!/usr/bin/env bash
# DuckDB reads a column of yes and no, or of t and f, as truth values; of y and n, or on and off, as text.
#
# One would guess: only true and false are truth values in a CSV file, as for pandas, polars and Arrow; every other word
# is text.
# What happens: yes/no and t/f become BOOLEAN, y/n and on/off stay text. One `maybe` among the rows, and all of the column
# is text again. A column that holds nothing but f, say of patients who are all female, is all False.
# Why it matters: these are the commonest class labels there are. A network trained on the labels "yes" and "no" is
# tested on a part that has a third answer, or the other way round: there the same column has another type, and no
# label matches. The same file through another reader gives other classes.
# Seen in: DuckDB 2.0.1, comparing readers of tables on columns of labels.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
from pyarrow import csv

columns = [["yes", "no"], ["yes", "no", "maybe"], ["t", "f"], ["f", "f"], ["y", "n"], ["on", "off"], ["true", "false"]]

print("version:  duckdb", duckdb.__version__)
print("belief:   true and false alone are truth values")
print("behavior: yes, no, t and f are too, as long as no other word is there")
found, peers = {}, {}
for words in columns:
    with open("labels.csv", "w") as file:
        file.write("label,size\n" + "".join(f"{word},1\n" for word in words))
    table = duckdb.sql("from read_csv('labels.csv')")
    name = "/".join(words)
    found[name] = (str(table.types[0]), [row[0] for row in table.fetchall()])
    peers[name] = [
        pd.read_csv("labels.csv")["label"].tolist(),
        pl.read_csv("labels.csv")["label"].to_list(),
        csv.read_csv("labels.csv")["label"].to_pylist(),
    ]
    print(f"{name:12} duckdb: {found[name][0]:8} {found[name][1]}; pandas, polars, arrow: {peers[name][0]}")

assert found == {
    "yes/no": ("BOOLEAN", [True, False]),
    "yes/no/maybe": ("VARCHAR", ["yes", "no", "maybe"]),
    "t/f": ("BOOLEAN", [True, False]),
    "f/f": ("BOOLEAN", [False, False]),
    "y/n": ("VARCHAR", ["y", "n"]),
    "on/off": ("VARCHAR", ["on", "off"]),
    "true/false": ("BOOLEAN", [True, False]),
}
for words in columns:
    expected = [True, False] if words == ["true", "false"] else words
    assert peers["/".join(words)] == [expected] * 3, words
PY
