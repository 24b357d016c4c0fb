#!/usr/bin/env bash
# polars takes a column of Arabic or full-width digits for whole numbers, and then cannot read them.
#
# One would guess: digits other than 0 to 9 are text to a reader of CSV, as they are to pandas and pyarrow; or, if they are
# known as digits, they are read as such, as Python's int does.
# What happens: the types are inferred by a pattern that knows all digits of Unicode, and the numbers are read by a parser
# that knows ten of them. With its defaults read_csv raises an error about a type that nobody asked for; inferred as
# text, or with a schema of strings, the same file is read.
# Why it matters: tables of surveys and offices are written so where Arabic, Persian, Hindi or Japanese is, and whoever
# leaves the types to the reader cannot open them.
# Seen in: polars 2.1.0, reading a table of counts with Arabic digits.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1
cd "$work"
"$work/python/bin/python" - <<'PY'
import io

import pandas as pd
import polars as pl
import pyarrow.csv

print("version:  polars", pl.__version__, "pandas", pd.__version__, "pyarrow", pyarrow.__version__)
print("belief:   such digits are text to a reader of CSV, or else they are read")
print("behavior: they are inferred to be whole numbers, and cannot be read as such")
for digits in ("\u0661\u0662", "\uff11\uff12", "\u0967\u0968"):
    table = f"place,count\nA,{digits}\nB,{digits}\n".encode()
    try:
        pl.read_csv(table)
        came = "no error"
    except pl.exceptions.ComputeError as error:
        came = str(error).splitlines()[0]
    as_text = pl.read_csv(table, infer_schema=False)["count"].to_list()
    in_pandas = pd.read_csv(io.BytesIO(table))["count"].dtype
    in_arrow = pyarrow.csv.read_csv(io.BytesIO(table)).schema.field("count").type
    print(digits, "->", came, "| as text:", as_text, "| pandas:", in_pandas, "| pyarrow:", in_arrow, "| int:", int(digits))

    assert came.startswith("could not parse") and " as dtype `i" in came, came
    assert as_text == [digits] * 2 and int(digits) == 12
    assert str(in_pandas) in ("str", "object") and str(in_arrow) == "string"
PY
