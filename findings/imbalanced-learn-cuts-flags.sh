#!/usr/bin/env bash
# SMOTE cuts what it makes up in columns of whole numbers: its new rows have three flags where the rows around have five.
#
# One would guess: a made-up row lies between two rows of the rare class, so each column keeps the mean it has there; in
# a column of whole numbers it is rounded, or the column becomes one of floats.
# What happens: imbalanced-learn interpolates in floats and puts the result back into the type of the column, which cuts
# towards zero. A flag is 1 only where both rows have it: a share of 0.52 becomes one of 0.3. Counts lose half of one.
# A frame is put back column by column, so a column of floats beside the flag does not save it; SMOTE, BorderlineSMOTE,
# SVMSMOTE and ADASYN do so alike, without a word. astype(float) beforehand is the whole remedy.
# Why it matters: a flag that has nothing to do with the class is now much rarer in one of them, and the network
# learns that it speaks against the class: fresh rows with and without it get other probabilities.
# Seen in: imbalanced-learn 0.14.2 with scikit-learn 1.6.1 and pandas 2.3.3.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq imbalanced-learn==0.14.2 scikit-learn==1.6.1 pandas==2.3.3 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from imblearn.over_sampling import ADASYN, SMOTE, SVMSMOTE, BorderlineSMOTE
from sklearn.neural_network import MLPClassifier

print("version:  imbalanced-learn", version("imbalanced-learn"), "with scikit-learn", version("scikit-learn"))
print("belief:   made-up rows have the means of the rare class")
print("behavior: columns of whole numbers are cut, and flags become much rarer")
rng = np.random.default_rng(0)
n = 4000
rare = rng.random(n) < 0.1
flags = (rng.random(n) < 0.5).astype(int)
X = pd.DataFrame({"size": rng.normal(size=n) + rare, "flag": flags, "income": rng.integers(20, 90, n) * 1000})
y = rare.astype(int)
of_the_class = X[rare].mean()
print("the rare class itself:          ", of_the_class.round(2).to_dict())
for method in (SMOTE, BorderlineSMOTE, SVMSMOTE, ADASYN):
    shares = []
    for kind, table in {"whole numbers": X, "floats": X.astype(float)}.items():
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            more, _ = method(random_state=0).fit_resample(table, y)
        made_up = more[n:].mean()
        print(f"{method.__name__:15} {kind:13} -> {made_up.round(2).to_dict()}")
        assert not said and (more.dtypes == table.dtypes).all()
        shares.append(made_up["flag"])
    assert shares[0] < shares[1] * 0.9 and (method is not SMOTE or shares[0] < 0.7 * of_the_class["flag"] < shares[1])

fresh = pd.DataFrame({"size": rng.normal(size=2000) + 0.5, "flag": 0, "income": rng.integers(20, 90, 2000) * 1000})
gaps = {}
for kind, table in {"whole numbers": X, "floats": X.astype(float)}.items():
    more, labels = SMOTE(random_state=0).fit_resample(table, y)
    scale = np.array([1.0, 1.0, 20000.0])
    network = MLPClassifier((16,), max_iter=60, random_state=0, tol=0).set_params(n_iter_no_change=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(more.to_numpy() / scale, labels)
    rows = (fresh.assign(flag=flag).to_numpy() / scale for flag in (0, 1))
    without, with_flag = (network.predict_proba(row)[:, 1].mean() for row in rows)
    gaps[kind] = without - with_flag
    print(f"{kind}: the same fresh rows have a probability of {without:.3f} without the flag, {with_flag:.3f} with it")
assert gaps["whole numbers"] > 0.08 > abs(gaps["floats"])
PY
