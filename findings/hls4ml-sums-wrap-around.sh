#!/usr/bin/env bash
# hls4ml's default number turns 33 into -31: sums and columns above 32 wrap around instead of staying at the edge.
#
# One would guess: a network for a programmable chip has fixed-point numbers, and what is too large for them is held at the
# largest number, as quantized networks for other devices do it. A row out of range costs some accuracy.
# What happens: the default is fixed<16,6>, from -32 to 31.999, whose C++ type drops the upper bits: 32 is -32, 33 is
# -31, and the year 2005 is 21. After ReLU, 31 + 31 is 0 and 70 is 6, while 15 + 16 is 31 as it should be. hls4ml's
# predict shows it, without a warning or a mark on the row.
# Why it matters: standardized columns keep clear of 32 except where a row is an outlier or a layer is wide: just the rows
# for which such devices are built. The most abnormal row answers like a normal one.
# Seen in: hls4ml 1.3.0, converting a PyTorch network with the configuration that it proposes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq hls4ml==1.3.0 torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import contextlib
import io
from importlib.metadata import version

import hls4ml
import numpy as np
import torch

print("version:  hls4ml", version("hls4ml"))
print("belief:   what is too large for the number is held at the largest number")
print("behavior: it wraps around to the other end")
network = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU()).eval()
with torch.no_grad():
    network[0].weight.fill_(1)
    network[0].bias.zero_()
with contextlib.redirect_stdout(io.StringIO()):
    proposed = hls4ml.utils.config_from_pytorch_model(network, (2,), granularity="name")
    device = hls4ml.converters.convert_from_pytorch_model(network, hls_config=proposed, output_dir="device", backend="Vitis")
    device.compile()
print("proposed precision:", proposed["Model"]["Precision"]["default"])
for row, expected in (([1, 2], 3), ([15, 16], 31), ([31, 31], 0), ([33, 0], 0), ([40, 0], 0), ([70, 0], 6), ([2005, 0], 21)):
    x = np.array([row], np.float32)
    own = network(torch.tensor(x)).item()
    answer = float(np.asarray(device.predict(x)).ravel()[0])
    print(f"relu of {row[0]} + {row[1]}: network {own:g}, device {answer:g}")
    assert answer == expected
PY
