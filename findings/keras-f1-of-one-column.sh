#!/usr/bin/env bash
# Keras's F1Score of a yes-or-no network says yes to all rows, while Precision and Recall beside it ask for 0.5.
#
# One would guess: F1Score() on a sigmoid's column is the mean of what Precision() and Recall() report on it, both of
# which count an answer from 0.5 on as yes.
# What happens: its threshold is None, which stands for "the largest of the row's columns". Of one column the largest is
# that one, so each row counts as yes, whatever the network says: the score is 2p / (1 + p), where p is the share of yes
# in the table, from before the first step to the last.
# Why it matters: 0.43 is a plausible F1, and it does not move; one looks for the mistake in the network, or keeps the
# first epoch's weights, as no later one is better. With yes in four rows of five it is 0.9, and looks like success.
# Seen in: Keras 3.15.1; F1Score(threshold=0.5) is the F1 that one means.
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
from sklearn.metrics import f1_score

print("version:  keras", version("keras"), "with scikit-learn", version("scikit-learn"))
print("belief:   F1Score() joins what Precision() and Recall() say")
print("behavior: of one column it takes all rows for yes")
rng = np.random.default_rng(0)
for share in (0.3, 0.8):
    labels = (rng.random((1000, 1)) < share).astype("float32")
    answers = {
        "good": np.clip(0.3 + 0.4 * labels + rng.normal(0, 0.2, (1000, 1)), 0.01, 0.99),
        "coin": rng.random((1000, 1)),
        "reversed": 0.9 - 0.8 * labels,
    }
    for name, chances in answers.items():
        kinds = keras.metrics.Precision, keras.metrics.Recall, keras.metrics.F1Score
        metrics = *(kind() for kind in kinds), keras.metrics.F1Score(threshold=0.5)
        for metric in metrics:
            metric.update_state(labels, chances.astype("float32"))
        precision, recall, f1, at_half = (float(np.squeeze(metric.result())) for metric in metrics)
        print(f"yes in {labels.mean():.3f} of the rows, {name:8} precision {precision:.3f}, recall {recall:.3f}, "
              f"F1Score {f1:.3f}, at 0.5 {at_half:.3f}")
        always = 2 * labels.mean() / (1 + labels.mean())
        assert abs(f1 - always) < 1e-5 and abs(at_half - f1_score(labels, chances > 0.5)) < 1e-5
        assert name == "good" or f1 - at_half > 0.05
PY
