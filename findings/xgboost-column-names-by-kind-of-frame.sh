#!/usr/bin/env bash
# Columns in another order: XGBoost refuses them in a pandas frame and takes them by place in a polars one.
#
# One would guess: a classifier that knows its columns' names (it has feature_names_in_) checks them in every kind of
# table that has names, as scikit-learn's own do, or in none.
# What happens: predict() on a pandas frame with two columns swapped raises a clear error. The same rows as a polars frame
# or an Arrow table are taken by place: no word, and an accuracy of a coin. The same frame through DMatrix is refused.
# It does not depend on what the model was trained with; even after polars, only pandas is checked.
# Why it matters: whoever moves a service from pandas to polars, and trusts the check that has always been there, loses it
# in silence.
# Seen in: XGBoost 3.2.0, comparing how peers hold a table against the one they were trained on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq xgboost-cpu==3.2.0 scikit-learn==1.9.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import xgboost
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(0)
age, noise = rng.normal(size=400), rng.normal(size=400)
label = (age > 0).astype(int)
kinds = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.table}
in_order, swapped = {"age": age, "noise": noise}, {"noise": noise, "age": age}

model = xgboost.XGBClassifier(n_estimators=5).fit(kinds["polars"](in_order), label)


def accuracy(call):
    try:
        return round(float(np.mean(call() == label)), 2)
    except ValueError as error:
        return str(error).splitlines()[0]


print("version:  xgboost", xgboost.__version__, "with polars", pl.__version__, "and pandas", pd.__version__)
print("belief:   names are checked in every table that has names")
print("behavior: predict() checks them in a pandas frame alone")
print("trained on polars columns", model.feature_names_in_.tolist())
straight = {kind: accuracy(lambda: model.predict(make(in_order))) for kind, make in kinds.items()}
turned = {kind: accuracy(lambda: model.predict(make(swapped))) for kind, make in kinds.items()}
for kind in kinds:
    print(f"{kind:7} in order: {straight[kind]}; swapped: {turned[kind]}")
matrix = accuracy(lambda: model.get_booster().predict(xgboost.DMatrix(pl.DataFrame(swapped))) > 0.5)
print("polars, swapped, through DMatrix:", matrix)
peer = LogisticRegression().fit(pl.DataFrame(in_order), label)
peer_says = accuracy(lambda: peer.predict(pl.DataFrame(swapped)))
print("polars, swapped, scikit-learn's own:", peer_says)

assert all(value > 0.99 for value in straight.values())
assert turned["pandas"].startswith("feature_names mismatch")
assert 0.4 < turned["polars"] == turned["arrow"] < 0.6
assert matrix.startswith("feature_names mismatch")
assert peer_says.startswith("The feature names should match")
PY
