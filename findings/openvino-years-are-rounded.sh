#!/usr/bin/env bash
# OpenVINO computes a float32 network in bfloat16 where the processor can, and years and incomes lose their last digits.
#
# One would guess: an ONNX file whose weights, input and output are all float32 is computed in float32 unless one asks
# for less; a runtime may reorder sums, which costs the last digit or two.
# What happens: on processors with bfloat16 (AVX512-BF16, AMX) the CPU plugin's default precision is bfloat16, which keeps
# 8 binary digits. A layer's input is rounded to it, too: of the years 2000 to 2020 only 2000, 2008, 2016 and 2024 are
# left. Where the scaling stands in nodes of its own before the first layer, little is lost; where it was folded into the
# first layer's weights, as one does to have an operation less, R2 falls from 0.999 to 0.27. Nothing is said. The hint
# INFERENCE_PRECISION_HINT "f32" brings the numbers back.
# Why it matters: the same file is right on a laptop and wrong on a newer server, and only for columns far from 0.
# Seen in: openvino 2026.4.1, with a network on two columns; onnxruntime computes the same file in float32.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq openvino==2026.4.1 onnx==1.23.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version
from pathlib import Path

import numpy as np
import openvino
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPRegressor

rng = np.random.default_rng(0)
X = np.column_stack([rng.integers(1990, 2021, 3000), rng.uniform(20000, 22000, 3000)]).astype(np.float32)
y = np.sin((X[:, 0] - 1990) / 3) + (X[:, 1] - 21000) / 1000
mean, scale = X.mean(0, dtype=float), X.std(0, dtype=float)
network = MLPRegressor(hidden_layer_sizes=(32, 32), max_iter=200, random_state=0).fit((X - mean) / scale, y)


def model(folded):
    arrays = {"mean": mean, "scale": scale}
    nodes = [] if folded else [("Sub", "X", "mean", "centred"), ("Div", "centred", "scale", "z0")]
    at = "X" if folded else "z0"
    for i, (w, b) in enumerate(zip(network.coefs_, network.intercepts_)):
        if folded and i == 0:
            w = w / scale[:, None]
            b = b - mean @ w
        arrays |= {f"w{i}": w, f"b{i}": b}
        nodes.append(("Gemm", at, f"w{i}", f"b{i}", "answer" if i == 2 else f"h{i}"))
        if i < 2:
            nodes.append(("Relu", f"h{i}", f"a{i}"))
        at = f"a{i}"
    used = {name for _, *names, _ in nodes for name in names}
    graph = helper.make_graph(
        [helper.make_node(kind, names, [out]) for kind, *names, out in nodes],
        "network",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["rows", 2])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(a.astype(np.float32), n) for n, a in arrays.items() if n in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


flags = Path("/proc/cpuinfo").read_text().split()
able = "avx512_bf16" in flags or "amx_bf16" in flags
print("version:  openvino", version("openvino"))
print("belief:   a float32 file is computed in float32")
print("behavior: it is computed in bfloat16 where the processor has it;", "this one has" if able else "this one has NOT, so float32 here")
core = openvino.Core()
r2 = {}
for folded in (False, True):
    for name, hint in (("default", {}), ("f32", {"INFERENCE_PRECISION_HINT": "f32"})):
        compiled = core.compile_model(core.read_model(model(folded)), "CPU", hint)
        answer = compiled(X)[0][:, 0]
        r2[folded, name] = 1 - float(np.mean((answer - y) ** 2) / np.var(y))
        kind = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        print(f"{'folded' if folded else 'apart':6} {name:7} computed as {kind}: R2 {r2[folded, name]:.3f}, {len(np.unique(answer))} different answers to 3000 rows")
        assert kind == ("f32" if name == "f32" or not able else "bf16"), kind
assert min(r2[False, "default"], r2[False, "f32"], r2[True, "f32"]) > 0.95
assert (r2[True, "default"] < 0.7) == able
PY
