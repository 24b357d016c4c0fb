#!/usr/bin/env bash
# Arrays of the other byte order: XGBoost trains on their bytes as they lie, LightGBM and CatBoost on their numbers.
#
# One would guess: an array says in its dtype that its bytes are in the other order ('>f4', '>i2'), and whoever takes NumPy
# arrays swaps them or refuses. Arrays like that come from IDX files read by hand, from FITS, GRIB and old instruments.
# What happens: XGBoost takes '>f4' and '>i2' without a word and reads the bytes in the machine's own order, when it trains
# and when it predicts. On its own rows the trees even look good, for bytes in a wrong order still order some rows; the same
# numbers as a usual array are classified as by a coin. '>f8' ends in an error only where a wrong reading happens to
# be infinite.
# Why it matters: a model is saved, served with usual arrays, and every answer is noise; the score of training said nothing.
# Seen in: XGBoost 3.2.0, training peers on pixels as an IDX file has them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq xgboost-cpu==3.2.0 lightgbm==4.7.0 catboost==1.2.10 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import lightgbm
import numpy as np
import xgboost
from catboost import CatBoostClassifier

rng = np.random.default_rng(0)
x = np.round(100 * rng.standard_normal((300, 3)))
label = (x[:, 0] > 0).astype(int)
peers = {
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=20),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=20, min_child_samples=1, verbose=-1),
    "catboost": lambda: CatBoostClassifier(iterations=20, verbose=0),
}
print("version:  xgboost", xgboost.__version__)
print("belief:   the dtype says how the bytes lie, and everybody reads the numbers")
print("behavior: XGBoost reads the bytes in the machine's order")
found = {}
for kind in (">f4", ">i2"):
    turned = x.astype(kind)
    assert np.array_equal(turned, x)
    for name, make in peers.items():
        model = make().fit(turned, label)
        own, usual = (float(np.mean(model.predict(rows) == label)) for rows in (turned, x))
        found[kind, name] = own, usual
        print(f"{kind} {name:8} right on the rows it was given: {own:.2f}; on the same numbers as float64: {usual:.2f}")
for (kind, name), (own, usual) in found.items():
    assert own > 0.9
    assert usual < 0.7 if name == "xgboost" else usual > 0.98
PY
