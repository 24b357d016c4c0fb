#!/usr/bin/env bash
# XGBoost reads a CSV's line of names as a row of zeros, and leaves columns of text out, without a word.
#
# One would guess: a reader of CSV files that knows no header refuses what is no number, as LightGBM's does ("Unknown token").
# What happens: DMatrix("table.csv?format=csv&label_column=0") has a row more than the table: the names are read as 0, label
# included. A last column of text is not there at all. No error, no warning about either.
# Why it matters: one wrong row hardly moves a score, so it stays; a column that is left out moves nothing but the model.
# Seen in: XGBoost 3.2.0, comparing how peers read the same file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq xgboost-cpu==3.2.0 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from pathlib import Path

import xgboost

Path("named.csv").write_text("label,age,worth\n" + "".join(f"{i % 2},{i + 1},{i * i}\n" for i in range(50)))
Path("text.csv").write_text("".join(f"{i % 2},{i + 1},town{i}\n" for i in range(50)))
named, text = (xgboost.DMatrix(f"{name}.csv?format=csv&label_column=0") for name in ("named", "text"))
first = named.get_data()[0].toarray()[0].tolist()
print("version:  xgboost", xgboost.__version__)
print("belief:   what is no number is refused, or named")
print("behavior: it is 0, or not there")
print(f"50 rows below names: {named.num_row()} rows, the first {first} with the label {named.get_label()[0]:g}")
print(f"a label, a number and a text: {text.num_row()} rows of {text.get_data().shape[1]} column(s)")
assert named.num_row() == 51
assert first == [0, 0]
assert named.get_label()[0] == 0
assert text.get_data().shape == (50, 1)
PY
