#!/usr/bin/env bash
# Keras's AUC of a network for rare events is 0.54 where the network's order is worth 0.77.
#
# One would guess: the area under the ROC curve depends on the order of the answers alone, so it is the same for any
# base rate; Keras's 200 thresholds make it less exact by a part in 200.
# What happens: the thresholds lie at equal distances from 0 to 1. Where an event comes twice in a thousand, a good
# network answers between 0 and 0.01; nearly all rows fall between the first two thresholds, and the curve between these
# is a straight line, as for a coin. from_logits=True puts the logits through the sigmoid first and changes nothing.
# Why it matters: val_auc is what early stopping watches for such tables. It stays near 0.5 while the network learns to
# tell its rows apart, and gets better when the network exaggerates.
# Seen in: Keras 3.15.1 against scikit-learn 1.9.1; num_thresholds=5000 brings 0.76.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 jax==0.10.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

print("version:  keras", version("keras"), "with scikit-learn", version("scikit-learn"))
print("belief:   AUC is about the order of the answers")
print("behavior: it is about the order as far as 200 equal steps from 0 to 1 show it")
rng = np.random.default_rng(0)
logits = rng.normal(-8, 1, 20000)
chances = 1 / (1 + np.exp(-logits))
labels = (rng.random(20000) < 3 * chances).astype("float32")


def auc(answers, **options):
    metric = keras.metrics.AUC(**options)
    metric.update_state(labels, answers)
    return float(metric.result())


exact = roc_auc_score(labels, chances)
rows = {
    "chances": auc(chances),
    "logits, from_logits=True": auc(logits, from_logits=True),
    "chances, 5000 thresholds": auc(chances, num_thresholds=5000),
    "chances of a network that exaggerates 50 times": auc(chances * 50),
}
print(f"{int(labels.sum())} events in {len(labels)} rows, the largest answer {chances.max():.3f}")
print(f"scikit-learn: {exact:.3f}")
for name, value in rows.items():
    print(f"Keras, {name}: {value:.3f}")
first, second, many, exaggerated = rows.values()
assert exact > 0.75 and first < 0.6 and second < 0.6 and abs(many - exact) < 0.02 and exaggerated > 0.74
PY
