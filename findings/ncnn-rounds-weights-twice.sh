#!/usr/bin/env bash
# ncnn rounds weights to 16 bits twice, in its converter and again while loading; a folded scaling survives neither.
#
# One would guess: a converter keeps the numbers it was given, and smaller weights are an option one asks for. Whoever
# sees in pnnx's output that fp16=1 is its default says fp16=0, and has the network as it was.
# What happens: fp16=0 doubles the file and changes no answer. On processors with F16C or better, ncnn.Net has
# opt.use_fp16_storage on, and turns float32 weights into half-precision ones when they are loaded. Only both switches
# together keep the numbers. On standardized columns the rounding costs next to nothing. Where the scaling was folded
# into the first layer, w / scale is multiplied with years and incomes of 20,000 and the bias takes the product off
# again: an error of 2**-11 in a weight is a whole spread of the column, and R2 falls from 0.997 to 0.42.
# Why it matters: folding the scaling into the weights is the usual step before a device. The network tested on
# standardized rows was fine, and the switch one finds first makes no difference.
# Seen in: pnnx 20261020 and ncnn 1.0.20261020 on x86, from a traced PyTorch network.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq pnnx==20261020 ncnn==1.0.20261020 torch==2.13.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import ncnn
import numpy as np
import torch
from sklearn.neural_network import MLPRegressor

rng = np.random.default_rng(0)
X = np.column_stack([rng.integers(1990, 2021, 1500), rng.uniform(20000, 22000, 1500)])
y = np.sin((X[:, 0] - 1990) / 3) + (X[:, 1] - 21000) / 1000
mean, scale = X.mean(0), X.std(0)
trained = MLPRegressor(hidden_layer_sizes=(32, 32), max_iter=300, random_state=0).fit((X - mean) / scale, y)


def ncnn_answers(folded, option, storage):
    layers = []
    for i, (w, b) in enumerate(zip(trained.coefs_, trained.intercepts_)):
        if folded and i == 0:
            w = w / scale[:, None]
            b = b - mean @ w
        layers += [torch.nn.Linear(*w.shape), torch.nn.ReLU()]
        with torch.no_grad():
            layers[-2].weight.copy_(torch.tensor(w.T))
            layers[-2].bias.copy_(torch.tensor(b))
    network = torch.nn.Sequential(*layers[:-1]).eval()
    rows = (X if folded else (X - mean) / scale).astype(np.float32)
    here = torch.tensor(rows)
    torch.jit.trace(network, here[:1]).save("net.pt")
    pnnx = Path(sys.executable).with_name("pnnx")
    subprocess.run([pnnx, "net.pt", "inputshape=[1,2]", *option], check=True, capture_output=True)
    copy = ncnn.Net()
    copy.opt.use_fp16_storage = storage
    copy.load_param("net.ncnn.param")
    copy.load_model("net.ncnn.bin")
    answers = []
    for row in rows:
        run = copy.create_extractor()
        run.input("in0", ncnn.Mat(row.copy()))
        answers.append(np.array(run.extract("out0")[1])[0])
    return network(here).detach().numpy()[:, 0], np.array(answers), Path("net.ncnn.bin").stat().st_size


able = "f16c" in Path("/proc/cpuinfo").read_text().split()
print("version:  pnnx", version("pnnx"), "with ncnn", version("ncnn"))
print("belief:   fp16=0 keeps the weights of the network")
print("behavior: they are rounded while they are loaded all the same;", "this processor has F16C" if able else "NOT here, without F16C")
for folded in (False, True):
    for option in ([], ["fp16=0"]):
        for storage in (True, False):
            own, copied, size = ncnn_answers(folded, option, storage)
            was, now = (float(1 - np.mean((a - y) ** 2) / np.var(y)) for a in (own, copied))
            said = f"pnnx {option[0] if option else 'default'}, ncnn {'default' if storage else 'use_fp16_storage off'}"
            print(f"scaling {'folded' if folded else 'apart':6} {said:40} R2 in PyTorch {was:.3f}, in ncnn {now:.3f}, file of {size} bytes")
            rounded = not option or (storage and able)
            assert was > 0.95 and (now < 0.7 if folded and rounded else now > 0.95)
PY
