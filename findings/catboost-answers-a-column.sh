#!/usr/bin/env bash
# CatBoost's predict() answers a column for three classes, and comparing it with labels makes a square of everything.
#
# One would guess: predict() of a classifier with scikit-learn's interface answers one label a row, (n,), as CatBoost's does
# for two classes.
# What happens: from three classes on the answer is (n, 1). (model.predict(X) == y).mean() then compares every answer with
# every label, (n, n), and the accuracy of a model that is right everywhere comes out as that of a coin.
# Why it matters: the usual line for an accuracy is wrong without a word, and takes n² bytes, 3 GB for 60,000 rows.
# Seen in: CatBoost 1.2.10, scoring peers by one line.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq catboost==1.2.10 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import catboost
import numpy as np

x = np.random.default_rng(0).standard_normal((300, 3))
two = (x[:, 0] > 0).astype(int)
three = two + (x[:, 0] > 1)
print("version:  catboost", catboost.__version__)
print("belief:   one label a row, whatever the classes")
print("behavior: a column, where there are more than two")
shapes, scores = [], []
for label in (two, three):
    said = catboost.CatBoostClassifier(iterations=30, verbose=0).fit(x, label).predict(x)
    shapes.append(said.shape)
    scores.append(((said == label).mean(), (said.ravel() == label).mean()))
    print(f"{len(set(label))} classes: {said.shape}; accuracy by ==: {scores[-1][0]:.2f}, of the answers: {scores[-1][1]:.2f}")
assert shapes == [(300,), (300, 1)]
assert scores[0][0] == scores[0][1] > 0.98
assert scores[1][1] > 0.98
assert scores[1][0] < 0.5
PY
