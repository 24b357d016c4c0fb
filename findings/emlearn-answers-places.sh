#!/usr/bin/env bash
# emlearn's copy of a classifier answers with the place of a class, where the classifier answers with the class.
#
# One would guess: emlearn.convert(model).predict(X) is model.predict(X), computed by the C code that will run on the
# device; that is what one compares before flashing it.
# What happens: it answers 0, 1, 2 in the order of model.classes_. Where the labels are 0, 1, 2, ... nobody sees it. With
# labels 1, 2, 3 (wine, Letter's numbers, stars of a review) no answer is right, and nothing says so: an accuracy of 0
# looks like a conversion that went wrong, and one of a third may look like a bad network. classes_[answer] is the label.
# Why it matters: small perceptrons for microcontrollers are what the library is for, and the labels are not in the C
# code either. Labels of text would give an error or a wrong table, not a hint.
# Seen in: emlearn 0.23.2, on its way from scikit-learn's MLPClassifier to C.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq emlearn==0.23.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import emlearn
import numpy as np
from sklearn.neural_network import MLPClassifier

print("version:  emlearn", version("emlearn"), "with scikit-learn", version("scikit-learn"))
print("belief:   the converted network predicts the labels that the network predicts")
print("behavior: it predicts their places in classes_")
X = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
place = np.digitize(X[:, 0], [-0.4, 0.4])
for labels in ([0, 1, 2], [1, 2, 3], [3, 7, 9]):
    network = MLPClassifier((8,), max_iter=500, random_state=0).fit(X, np.array(labels)[place])
    answers = np.asarray(emlearn.convert(network, method="inline").predict(X))
    same = np.mean(answers == network.predict(X))
    print(f"labels {labels}: {same:.0%} as the network; taken as places {np.mean(network.classes_[answers] == network.predict(X)):.0%}")
    assert np.array_equal(network.classes_[answers], network.predict(X))
    assert (same == 1) == (labels == [0, 1, 2])
PY
