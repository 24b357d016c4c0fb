#!/usr/bin/env bash
# A gap in a column that had none in training: one row is 0.02, 0.46 or 0.96, depending on the trees.
#
# One would guess: a model that never saw a gap refuses one, or answers with the share of the classes, as far as the
# other columns leave it open; and libraries that all "support missing values" do about the same.
# What happens: none refuses. LightGBM reads the gap as the number 0, which among degrees is a mild day, and in a column of
# years lies before all time. CatBoost takes it for less than the least value, XGBoost for more than the greatest;
# scikit-learn's three follow the larger part of the rows at every split. Where 0 is likely to sell, frost is not and heat
# may, one and the same row has a chance of 0.96, 0.02 or 0.46.
# Why it matters: the first gap comes when a sensor fails or a form changes, after the model was tested. Answers are
# then as sure as for any other row, in opposite directions, and nothing says that a number was made up.
# Seen in: LightGBM 4.7.0, XGBoost 3.2.0, CatBoost 1.2.10 and scikit-learn 1.9.1, on a column of temperatures.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq xgboost-cpu==3.2.0 lightgbm==4.7.0 catboost==1.2.10 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

print("version: ", ", ".join(f"{name} {version(name)}" for name in ("lightgbm", "xgboost-cpu", "catboost", "scikit-learn")))
print("belief:   a gap is refused, or leaves the question open")
print("behavior: each library takes it for another number")
rng = np.random.default_rng(0)
n = 4000
celsius = rng.uniform(-20, 40, n)
X = np.column_stack([celsius, rng.normal(size=n)])
# rare below -5 degrees, likely from -5 to 15, as likely as not above
chance = np.select([celsius < -5, celsius < 15], [0.05, 0.95], 0.5)
y = (rng.random(n) < chance).astype(int)
taken_for = {"lightgbm": "zero", "xgboost": "heat", "catboost": "frost"}
for name, model in {
    "lightgbm": LGBMClassifier(n_estimators=50, verbose=-1),
    "xgboost": XGBClassifier(n_estimators=50),
    "catboost": CatBoostClassifier(iterations=200, verbose=0),
    "hist gradient boosting": HistGradientBoostingClassifier(max_iter=50),
    "random forest": RandomForestClassifier(random_state=0),
    "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
}.items():
    model.fit(X, y)
    frost, zero, heat, gap = model.predict_proba([[-20.0, 0.0], [0.0, 0.0], [40.0, 0.0], [np.nan, 0.0]])[:, 1]
    print(f"{name:22} -20 degrees {frost:.2f}, 0 degrees {zero:.2f}, 40 degrees {heat:.2f}, a gap {gap:.2f}")
    assert frost < 0.15 and zero > 0.85 and 0.35 < heat < 0.8
    if name in taken_for:
        assert np.isclose(gap, {"frost": frost, "zero": zero, "heat": heat}[taken_for[name]]), name
PY
