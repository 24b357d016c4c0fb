#!/usr/bin/env bash
# hummingbird converts networks whose outputs it does not know: counts become logarithms, several labels become one.
#
# One would guess: convert(model, "pytorch").predict(X) is model.predict(X) within rounding, or convert refuses, as it
# does for labels of text.
# What happens: the converter of scikit-learn's networks knows one output for regression, the identity, and two for
# classes. MLPRegressor(loss="poisson") ends in an exponential, which is left out: the copy answers the logarithm of the
# expected count, below zero for rare events. Of an MLPClassifier for several yes-or-no labels at once, the copy answers the
# place of the likeliest label: one number for a row, where the network says for each label whether it holds. Nothing is
# said in either case.
# Why it matters: claims, visits and defects are what loss="poisson" is for, and tags of one row what several labels are
# for. A negative count is seen; 0.3 claims where there should be 1.35 is not.
# Seen in: hummingbird-ml 0.4.12 with scikit-learn 1.9.1; skl2onnx stops at the exponential with an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq hummingbird-ml==0.4.12 torch==2.13.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import hummingbird.ml
import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

print("version:  hummingbird-ml", version("hummingbird-ml"), "with scikit-learn", version("scikit-learn"))
print("belief:   the copy answers as the network does, or is refused")
print("behavior: it answers logarithms of counts, and one label instead of several")
rng = np.random.default_rng(0)
X = rng.normal(size=(500, 3)).astype(np.float32)
for loss, y in (("squared_error", X[:, 0]), ("poisson", rng.poisson(np.exp(X[:, 0])))):
    network = MLPRegressor(hidden_layer_sizes=(16,), loss=loss, max_iter=500, random_state=0).fit(X, y)
    own, copied = network.predict(X), hummingbird.ml.convert(network, "pytorch").predict(X).ravel()
    print(f"loss {loss:13} network {np.round(own[:4], 2)}, copy {np.round(copied[:4], 2)}, as a logarithm it is right: {np.allclose(np.exp(copied), own, rtol=1e-4)}")
    assert np.allclose(np.exp(copied), own, rtol=1e-4) if loss == "poisson" else np.allclose(copied, own, atol=1e-4)
    assert copied.min() < 0 and (own.min() > 0) == (loss == "poisson")
network = MLPClassifier((16,), max_iter=500, random_state=0).fit(X, (X > 0).astype(int))
own, copied = network.predict(X), np.asarray(hummingbird.ml.convert(network, "pytorch").predict(X))
print("three labels at once:", *(f"{list(map(int, row))} -> {answer}" for row, answer in zip(own[:5], copied)))
assert own.shape == (500, 3) and copied.shape == (500,)
assert np.mean(copied == network.predict_proba(X).argmax(1)) > 0.99
PY
