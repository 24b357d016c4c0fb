#!/usr/bin/env bash
# One libsvm file, and matrices of three and of four columns.
#
# One would guess: "1:0.5" names the first column for everybody; the format is older than its readers, and its indices
# count from 1.
# What happens: scikit-learn and CatBoost read three columns. XGBoost and LightGBM read four, the first of which is empty,
# for they count from 0. scikit-learn looks whether some index is 0 and decides for the whole file, so that a part of a
# table counted from 0 whose rows happen not to have the first column moves by one column.
# Why it matters: feature 3 of one model's importances is feature 2 of the other's, and a file of the test that lost its
# one index 0 is read one column to the left.
# Seen in: scikit-learn 1.9.1, XGBoost 3.2.0, LightGBM 4.7.0, CatBoost 1.2.10, comparing readers of libsvm files.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq xgboost-cpu==3.2.0 lightgbm==4.7.0 catboost==1.2.10 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from pathlib import Path

import lightgbm
import xgboost
from catboost import Pool
from sklearn.datasets import load_svmlight_file

Path("from-1.svm").write_text("1 1:0.5 3:2\n0 2:1.5\n1 3:1\n0 1:2\n" * 20)
options = {"verbose": -1, "feature_pre_filter": False, "min_data_in_bin": 1}
columns = {
    "scikit-learn": load_svmlight_file("from-1.svm")[0].shape[1],
    "catboost": Pool("libsvm://from-1.svm").shape[1],
    "xgboost": xgboost.DMatrix("from-1.svm?format=libsvm").num_col(),
    "lightgbm": lightgbm.Dataset("from-1.svm", params=options).construct().num_feature(),
}
print("version:  xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__)
print("belief:   the indices 1, 2, 3 are three columns")
print("behavior:", columns)
whole = "1 0:5 2:7\n0 1:6\n"
Path("from-0.svm").write_text(whole)
Path("part.svm").write_text(whole.splitlines()[1] + "\n")
at = [load_svmlight_file(name)[0].toarray().tolist() for name in ("from-0.svm", "part.svm")]
print("the row '0 1:6' within its file:", at[0][1], "; in a file by itself:", at[1][0])
assert columns == {"scikit-learn": 3, "catboost": 3, "xgboost": 4, "lightgbm": 4}
assert at[0][1] == [0, 6, 0]
assert at[1][0] == [6]
PY
