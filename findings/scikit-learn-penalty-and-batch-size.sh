#!/usr/bin/env bash
# In scikit-learn's networks a batch ten times smaller pulls the weights a hundred times harder toward zero.
#
# One would guess: alpha, the strength of the L2 penalty, is a property of the task. The documentation divides it by the
# sample size, so the pull in one pass over the table may fall with the number of rows, but not change with batch_size.
# What happens: it is divided by the rows of the mini-batch at hand. A batch ten times smaller has ten times the pull in
# each step and ten times as many steps, so in one pass the weights shrink a hundred times as much.
# Why it matters: whoever tunes batch_size tunes the penalty with it; alpha cannot be carried over to torch or Keras, where
# weight decay does not know the batch; and a short last batch pulls harder than the others.
# Seen in: scikit-learn 1.9.1, comparing one training step by step. The division as such has been reported
# (scikit-learn issues 6780 and 10477).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import numpy as np
import sklearn
from sklearn.neural_network import MLPRegressor

ROWS, RATE, ALPHA = 100, 0.01, 0.1
X, y = np.zeros((ROWS, 2)), np.zeros(ROWS)  # inputs of zero: nothing but the penalty moves the first layer's weights


def weights_after_one_pass(batch_size, alpha):
    model = MLPRegressor(
        hidden_layer_sizes=(3,), solver="sgd", momentum=0.0, learning_rate_init=RATE, alpha=alpha,
        batch_size=batch_size, max_iter=1, random_state=0,
    )
    return model.fit(X, y).coefs_[0]


print("version:  scikit-learn", sklearn.__version__)
print("belief:   alpha pulls equally hard in one pass, whatever the batch size")
print("behavior: a batch ten times smaller pulls a hundred times harder")
lost = {}
for batch_size in (100, 10, 1):
    kept = weights_after_one_pass(batch_size, ALPHA) / weights_after_one_pass(batch_size, 0.0)
    assert np.ptp(kept) < 1e-12
    lost[batch_size] = float(1.0 - kept.mean())
    print(f"batches of {batch_size:3}: the weights lose {100 * lost[batch_size]:.4f} % of themselves in one pass")
    steps = ROWS // batch_size
    np.testing.assert_allclose(lost[batch_size], 1.0 - (1.0 - RATE * ALPHA / batch_size) ** steps, rtol=1e-6)

assert 99 < lost[10] / lost[100] < 101
assert 94 < lost[1] / lost[10] < 101
PY
