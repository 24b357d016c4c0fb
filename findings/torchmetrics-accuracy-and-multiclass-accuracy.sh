#!/usr/bin/env bash
# torchmetrics' Accuracy(task="multiclass") and its MulticlassAccuracy are two numbers: 0.97 and 0.33 for one network.
#
# One would guess: Accuracy(task="multiclass", num_classes=3) is the short way to MulticlassAccuracy(num_classes=3), as
# its documentation says that it is a wrapper that gives the class named by the task.
# What happens: it gives that class, and hands it another default. Accuracy, F1Score, Precision and Recall have
# average="micro", the share of right rows; MulticlassAccuracy, MulticlassF1Score and so on have "macro", the mean over
# the classes. The functions accuracy and multiclass_accuracy differ in the same way. Macro leaves out a class that is
# neither in the labels nor in the answers, so it also has another meaning on another part of the table.
# Why it matters: one line is exchanged for the other, which the type checker suggests, and a network that always says
# the frequent class falls from 0.97 to 0.33; or the paper's 0.97 is compared with the other one's 0.33.
# Seen in: torchmetrics 1.9.0. With average="micro" or "macro" spelled out, both agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq torchmetrics==1.9.0 torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import torch
import torchmetrics
from torchmetrics import classification, functional

print("version:  torchmetrics", version("torchmetrics"), "with torch", version("torch").split("+")[0])
print('belief:   Accuracy(task="multiclass") is MulticlassAccuracy')
print("behavior: it is the one with another average")
labels = torch.tensor([0] * 97 + [1] * 2 + [2])
answers = torch.zeros(100, dtype=torch.long)
for name in ("Accuracy", "F1Score", "Precision", "Recall"):
    short, long = getattr(torchmetrics, name), getattr(classification, "Multiclass" + name)
    built = short(task="multiclass", num_classes=3)
    ours, theirs = float(built(answers, labels)), float(long(num_classes=3)(answers, labels))
    print(f'{name}(task="multiclass") {ours:.3f}, Multiclass{name} {theirs:.3f}')
    assert type(built) is long and abs(ours - 0.97) < 1e-3 and theirs < 0.34
    for average in ("micro", "macro"):
        alike = short(task="multiclass", num_classes=3, average=average), long(num_classes=3, average=average)
        assert alike[0](answers, labels) == alike[1](answers, labels)
short = functional.accuracy(answers, labels, task="multiclass", num_classes=3)
long = functional.classification.multiclass_accuracy(answers, labels, num_classes=3)
print(f"the functions accuracy {short:.3f}, multiclass_accuracy {long:.3f}")
assert abs(short - 0.97) < 1e-3 and abs(long - 1 / 3) < 1e-3
part = classification.MulticlassAccuracy(num_classes=3)(answers[:99], labels[:99])
print(f"MulticlassAccuracy on the 99 rows without the third class {part:.3f}")
assert abs(part - 0.5) < 1e-3
PY
