#!/usr/bin/env bash
# A sparse matrix with two entries in one place: scikit-learn adds them, XGBoost and LightGBM take the last.
#
# One would guess: a SciPy CSR matrix whose rows have two entries in the same column (valid, and what counting words or
# concatenating parts gives before sum_duplicates()) means their sum, as SciPy itself has it in toarray(), @ and sum().
# What happens: XGBoost and LightGBM keep the last entry and drop the others, in training and in prediction. scikit-learn's
# linear models give the sum. But scikit-learn's own Normalizer and StandardScaler take each entry for a number by itself.
# Why it matters: one matrix, two models in one ensemble, and they see different numbers; nothing says so.
# Seen in: XGBoost 3.2.0, LightGBM 4.7.0, scikit-learn 1.9.1, comparing what peers do with sparse X.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq xgboost-cpu==3.2.0 lightgbm==4.7.0 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import lightgbm
import numpy as np
import scipy
import xgboost
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import Normalizer, StandardScaler

rng = np.random.default_rng(0)
n = 300
first, last = rng.standard_normal((2, n))
entries = np.stack([first, last], axis=1).ravel()
twice = csr_matrix((entries, np.zeros(2 * n, int), np.arange(0, 2 * n + 1, 2)), shape=(n, 2))
summed = twice.toarray()
assert np.allclose(summed[:, 0], first + last)
label = (summed[:, 0] > 0).astype(int)
only_last = np.column_stack([last, np.zeros(n)])
peers = {
    "xgboost": xgboost.XGBClassifier(n_estimators=20),
    "lightgbm": lightgbm.LGBMClassifier(n_estimators=20, min_child_samples=1, verbose=-1),
    "scikit-learn": LogisticRegression(),
}
print("version:  xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__, "scipy", scipy.__version__)
print("belief:   entries of one place add up")
print("behavior: XGBoost and LightGBM take the last")
for name, model in peers.items():
    model.fit(summed, label)
    said = model.predict(twice)
    right = float(np.mean(said == label))
    as_last = float(np.mean(said == model.predict(only_last)))
    print(f"{name:12} right on the sums: {np.mean(model.predict(summed) == label):.2f}, on the same matrix with pairs:"
          f" {right:.2f}; as if only the last were there: {as_last:.2f}")
    assert (right > 0.98) == (name == "scikit-learn")
    assert (as_last == 1) == (name != "scikit-learn")
apart = np.abs(Normalizer().fit_transform(twice).toarray() - Normalizer().fit_transform(summed)).max()
scales = [float(StandardScaler(with_mean=False).fit(rows).scale_[0]) for rows in (twice, summed)]
print(f"scikit-learn's Normalizer is {apart:.2f} apart; its StandardScaler divides by {scales[0]:.4f} and {scales[1]:.4f}")
assert apart > 0.5
assert abs(scales[0] - scales[1]) > 1e-3
PY
