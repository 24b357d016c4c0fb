#!/usr/bin/env bash
# onnxruntime's Sigmoid of float32 is wrong by tens of per cent for rare events, goes down where z goes up, and is 0 at -18.
#
# One would guess: a sigmoid of float32 is right to about seven digits wherever float32 has them, and never falls as z
# grows. NumPy, SciPy, PyTorch and JAX give 1.5e-8 at z = -18, and a float32 could go on to 1e-38.
# What happens: on x86-64 the operator is an approximation that is good to 1.2e-7 of 1, not of the number itself. From about
# z = -10 its results jitter: at -16 it gives half of what is right, at -16.5 more than at -16, and from -18 on exactly 0.
# The same operator in float64 is right.
# Why it matters: a network with one sigmoid output, exported for a rare class, gives probabilities of 1e-6 whose order is
# not that of z, so that ranks and AUC change by exporting; and the logarithm of a 0 is infinite.
# Seen in: onnxruntime 1.32.0 and onnx 1.23.2, comparing an exported classifier with the network it came from.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper


def sigmoid(z, kind):
    names = [helper.make_tensor_value_info(name, kind, [len(z)]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Sigmoid", ["x"], ["y"])], "g", names[:1], names[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": z})[0]


z = np.arange(-20, -9.5, 0.5)
right = 1 / (1 + np.exp(-z))
single, double = sigmoid(z.astype(np.float32), TensorProto.FLOAT), sigmoid(z, TensorProto.DOUBLE)

print("version:  onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
print("belief:   seven digits of float32, and a larger z never gives less")
print("behavior: no digit is sure below -14, the order is lost, and 0 stands from -18 down")
for row in zip(z, single, right, strict=True):
    print("z = {:5.1f}: {:.3e}, right is {:.3e}".format(*row))

assert np.allclose(double, right, rtol=1e-6)
assert (single[z <= -18] == 0).all()
assert np.abs(single - right)[(z > -18) & (z < -14)].max() < 1.2e-7
assert (np.abs(single / right - 1)[(z > -18) & (z < -14)] > 0.1).sum() >= 4
assert (np.diff(single[z > -18]) < 0).any()
PY
