#!/usr/bin/env bash
# scikit-learn's histogram boosting stops early and then predicts with the rounds that made it stop.
#
# One would guess: early stopping gives back the best round. LightGBM's, XGBoost's and CatBoost's estimators predict with
# it once a validation set told them which it is.
# What happens: HistGradientBoosting stops after n_iter_no_change rounds without a gain, and keeps every one of them. On
# classes of unequal size, where later rounds grow sure of what is wrong, its probabilities are those of the last round
# and clearly worse than those that it had ten rounds before; which round was best stands in validation_score_.
# Why it matters: a network is measured beside it "with early stopping, as the others". On the 93,000 rows of Covertype its
# validation loss grows from 1.2 after the first round to 1.6 after the last, and accuracy ends at 0.776 where LightGBM has
# 0.906. Whoever wants the best round must fit again with max_iter set to it.
# Seen in: scikit-learn 1.9.1, comparing models of tables side by side.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import sklearn
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

X, y = make_classification(
    6000, 12, n_informative=8, n_classes=6, n_clusters_per_class=3, weights=[0.6, 0.2, 0.1, 0.06, 0.03, 0.01],
    flip_y=0.05, random_state=0,
)
train, validation, test = slice(0, 3000), slice(3000, 4500), slice(4500, 6000)
model = HistGradientBoostingClassifier(early_stopping=True, n_iter_no_change=10, learning_rate=0.3, random_state=0)
model.fit(X[train], y[train], X_val=X[validation], y_val=y[validation])

best = int(model.validation_score_.argmax())  # the first entry is before any round
staged = [log_loss(y[test], shares) for shares in model.staged_predict_proba(X[test])]
used = log_loss(y[test], model.predict_proba(X[test]))

print("version:  scikit-learn", sklearn.__version__)
print("belief:   what predicts is the best round")
print("behavior: what predicts is the last round")
print(f"validation: best after {best} rounds, stopped after {model.n_iter_}")
print(f"log-loss on other rows: {staged[best - 1]:.3f} after the best round, {used:.3f} as it predicts")

assert model.n_iter_ == best + 10
assert used == staged[-1]
assert used > 1.05 * staged[best - 1]
PY
