#!/usr/bin/env bash
# A network for two yes-or-no labels has four probabilities as an ONNX file, and the first two are turned around.
#
# One would guess: skl2onnx's output "probabilities" has the columns of predict_proba. For several labels at once those
# are one column a label, whatever the number of labels.
# What happens: with three labels so it is. With exactly two, the converter sees two classes and takes the network for
# one that tells two classes apart: it puts 1 - p before p, for each of the two columns. Columns 0 and 1, which anybody
# takes for the chances of label 0 and label 1, are the chances that they do not hold; columns 2 and 3 are right.
# The output "label" is right. And with ZipMap, the default, the file is written and every call fails.
# A network with two targets to predict goes another way: MLPRegressor's n rows of two targets come as one column of 2n.
# Why it matters: thresholds are set on probabilities, so they are what one takes. [:, :2] fits in shape, sums like
# chances and is wrong for every row; so is the first half of a column of targets.
# Seen in: skl2onnx 1.20.0 with scikit-learn 1.9.1 and onnxruntime 1.32.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq skl2onnx==1.20.0 onnx==1.16.1 onnxruntime==1.32.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier, MLPRegressor

onnxruntime.set_default_logger_severity(3)


def run(network, **options):
    session = onnxruntime.InferenceSession(to_onnx(network, X[:1], **options).SerializeToString())
    return session.run(None, {"X": X})


print("version:  skl2onnx", version("skl2onnx"), "with scikit-learn", version("scikit-learn"))
print("belief:   probabilities of the file are predict_proba, a column for each label")
print("behavior: for two labels there are four columns, and the first two say no")
X = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
for labels in (2, 3):
    network = MLPClassifier((16,), max_iter=400, random_state=0).fit(X, (X[:, :labels] > 0).astype(int))
    own = network.predict_proba(X)
    label, copied = run(network, options={"zipmap": False})
    print(f"{labels} labels: predict_proba {own.shape} begins {np.round(own[0], 3)}, the file's {copied.shape} begins {np.round(copied[0], 3)}")
    assert np.array_equal(label, network.predict(X)) and own.shape == (300, labels)
    assert np.allclose(copied, own if labels == 3 else np.hstack([1 - own, own]), atol=1e-4)
for targets in (1, 2):
    network = MLPRegressor(hidden_layer_sizes=(16,), random_state=0).fit(X, X[:, :targets].squeeze())
    own, (copied,) = network.predict(X), run(network)
    print(f"{targets} targets: predict {own.shape}, the file's {copied.shape}")
    assert copied.shape == (300 * targets, 1) and np.allclose(copied.reshape(own.shape), own, atol=1e-4)
PY
