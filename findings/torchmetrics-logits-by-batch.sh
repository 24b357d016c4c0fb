#!/usr/bin/env bash
# torchmetrics takes logits, and decides for each batch whether it got any: the size of the batch makes the accuracy.
#
# One would guess: what the documentation says of preds, "values outside [0,1]" are logits and go through the sigmoid,
# holds for the metric; update() after update(), the numbers are those of all rows at once.
# What happens: each call of update() looks at its own rows. A batch whose logits all happen to lie between 0 and 1 is
# taken for probabilities: logits from 0 to 0.5, which say yes, count as no in the accuracy, and in the AUROC raw
# numbers stand in one line with probabilities. With large batches it never happens; with rows one by one a third of
# them is counted otherwise.
# Why it matters: the last batch of an epoch may have one row, small tables have small batches, and fresh networks have
# small logits. The score is plausible, too low or too high, and moves when the batch size does.
# Seen in: torchmetrics 1.9.0 with PyTorch 2.13.0. With torch.sigmoid before update() all is well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq torchmetrics==1.9.0 torch==2.13.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import torch
from sklearn.metrics import accuracy_score, roc_auc_score
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC

print("version:  torchmetrics", version("torchmetrics"), "with torch", version("torch").split("+")[0])
print("belief:   logits are logits, however they come in batches")
print("behavior: a batch of logits between 0 and 1 is taken for probabilities")
rng = np.random.default_rng(0)
logits = rng.normal(size=2000)
labels = (rng.random(2000) < 1 / (1 + np.exp(-3 * logits))).astype(int)
right = accuracy_score(labels, logits > 0), roc_auc_score(labels, logits)
print(f"all rows, by scikit-learn:  accuracy {right[0]:.4f}, AUC {right[1]:.4f}")
seen = {}
for size in (2000, 100, 4, 1):
    for squashed in (False, True):
        metrics = BinaryAccuracy(), BinaryAUROC()
        scores = torch.sigmoid(torch.tensor(logits)) if squashed else torch.tensor(logits)
        for metric in metrics:
            for batch, answers in zip(scores.split(size), torch.tensor(labels).split(size)):
                metric.update(batch, answers)
        seen[size, squashed] = [float(metric.compute()) for metric in metrics]
        kind = "probabilities" if squashed else "logits"
        accuracy, auc = seen[size, squashed]
        print(f"{kind:13} in batches of {size:4}: accuracy {accuracy:.4f}, AUC {auc:.4f}")
        assert not squashed or np.allclose(seen[size, squashed], right, atol=1e-4)
assert np.allclose(seen[2000, False], right, atol=1e-4)
assert seen[1, False][0] < right[0] - 0.05 and seen[1, False][1] < right[1] - 0.08 and seen[4, False][0] < right[0]
PY
