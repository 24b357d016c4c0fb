#!/usr/bin/env bash
# fairlearn finds no difference between groups where the labels are words: 0.0, and a ratio that is not a number.
#
# One would guess: demographic parity of answers "yes" and "no" is computed, or refused, as the library's equalized odds
# refuses them.
# What happens: the selection rate counts answers that equal 1. Of words none does, so every group has the rate 0 and the
# difference is 0.0, the value of a perfectly fair classifier, though one group gets "yes" ten times as often as the
# other. Of labels 1 and 2, for refused and granted, it counts the refusals, and the ratio is theirs. There is no
# argument for the wanted label in demographic_parity_difference or demographic_parity_ratio.
# Why it matters: classifiers of scikit-learn answer with the labels of the table, words for the most part. A number of
# 0.0 in a report is read as the proof that nothing is to be done.
# Seen in: fairlearn 0.15.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq fairlearn==0.15.0 scikit-learn==1.6.1 pandas==2.3.3 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import warnings
from importlib.metadata import version

import numpy as np
from fairlearn.metrics import demographic_parity_difference, demographic_parity_ratio, equalized_odds_difference
from sklearn.neural_network import MLPClassifier

print("version:  fairlearn", version("fairlearn"))
print("belief:   labels that are words are taken as they are, or refused")
print("behavior: a classifier that answers with words is fair")
rng = np.random.default_rng(0)
group = rng.integers(0, 2, 2000)
X = np.column_stack([group, rng.normal(size=2000)])
granted = X[:, 1] + 2 * group > 1.5
found = {}
for names in ((0, 1), (1, 2), ("no", "yes")):
    y = np.array(names)[granted.astype(int)]
    answers = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y).predict(X)
    rates = [float(np.mean(answers[group == one] == names[1])) for one in (0, 1)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        difference = demographic_parity_difference(y, answers, sensitive_features=group)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ratio = demographic_parity_ratio(y, answers, sensitive_features=group)
    try:
        odds = f"{equalized_odds_difference(y, answers, sensitive_features=group):.3f}"
    except ValueError as error:
        odds = f"refused, {str(error)[:40]}..."
    print(f"labels {names}: rates {rates[0]:.2f} and {rates[1]:.2f}")
    print(f"  difference {difference:.3f}, ratio {ratio:.3f}, equalized odds {odds}")
    found[names] = difference, ratio
    assert rates[1] - rates[0] > 0.5 and not said
    assert ("refused" in odds) is (names[0] != 0)
assert found[0, 1][0] > 0.5 and found["no", "yes"][0] == 0.0 and np.isnan(found["no", "yes"][1])
assert abs(found[0, 1][0] - found[1, 2][0]) < 1e-9 and abs(found[0, 1][1] - found[1, 2][1]) > 0.01
PY
