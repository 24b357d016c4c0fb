#!/usr/bin/env bash
# A gap that DuckDB hands to NumPy is a zero by the time scikit-learn trains on it.
#
# One would guess: fetchnumpy() gives NaN for a NULL in a column of numbers, as polars and pandas do, so that scikit-learn
# complains of it; or at least that a mask is respected, or refused, by whoever takes the array.
# What happens: a column with NULLs comes as a masked array, with zeros below the mask (one without comes as a plain
# array). np.column_stack, which puts the columns together, loses the mask without a word, and check_array of
# scikit-learn takes even a matrix that still has it for the zeros. Nothing warns; the fitted model has learned from them.
# Why it matters: an age or a price of 0 where nobody knows it is a row like any other to a network. The rows where a gap
# stands are those that are checked least.
# Seen in: DuckDB 2.0.1 with NumPy 2.4.6 and scikit-learn 1.9.1, handing query results to estimators.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq duckdb==2.0.1 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W error - <<'PY'
import duckdb
import numpy as np
import sklearn
from sklearn.linear_model import LinearRegression
from sklearn.utils import check_array

rows = duckdb.sql("select * from (values (20, 1.5), (30, 2.5), (NULL, 3.5), (50, NULL)) t(age, size)")
columns = rows.fetchnumpy()
matrix = np.column_stack([columns["age"], columns["size"]])
masked = np.ma.column_stack([columns["age"], columns["size"]])
model = LinearRegression().fit(masked, [1.0, 2.0, 3.0, 4.0])

print("version:  duckdb", duckdb.__version__, "numpy", np.__version__, "scikit-learn", sklearn.__version__)
print("belief:   a NULL among numbers arrives as NaN, and is refused")
print("behavior: it arrives under a mask, which is lost without a word")
print("fetchnumpy:  ", repr(columns["age"]))
print("column_stack:", matrix.tolist(), "masked cells:", int(np.ma.count_masked(matrix)))
print("check_array: ", check_array(masked).tolist(), "masked cells before:", int(np.ma.count_masked(masked)))

assert isinstance(columns["age"], np.ma.MaskedArray)
assert np.ma.count_masked(matrix) == 0 and matrix[2, 0] == 0.0 and matrix[3, 1] == 0.0
assert np.ma.count_masked(masked) == 2 and check_array(masked)[2, 0] == 0.0
same = LinearRegression().fit(np.array([[20, 1.5], [30, 2.5], [0, 3.5], [50, 0]]), [1.0, 2.0, 3.0, 4.0])
assert np.array_equal(model.coef_, same.coef_)
PY
