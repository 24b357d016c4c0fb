#!/usr/bin/env bash
# ONNX's own reference evaluator says that LogSoftmax is minus infinity, where runtimes say -1000.
#
# One would guess: the evaluator that comes with the onnx package, and is what runtimes are tested against, computes each
# operator as its definition means it; so where the two disagree, the runtime is wrong.
# What happens: it takes the softmax first and then its logarithm. A class whose z is about 104 below the largest (in
# float32) has a softmax of 0, and its logarithm is -inf, with a warning of NumPy's alone. onnxruntime subtracts in the
# exponent and gives the number. The model passes the strictest check.
# Why it matters: log-probabilities of a confident classifier, or a cross-entropy exported with its network, become infinite
# in a test against the reference, and whoever trusts it mends a model that was right.
# Seen in: onnx 1.23.2 with onnxruntime 1.32.0, testing exported classifiers where outputs saturate.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

z = np.array([[-1000, -110, -20, 0]], dtype=np.float32)
names = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(z.shape)) for name in "xy"]
graph = helper.make_graph([helper.make_node("LogSoftmax", ["x"], ["y"], axis=-1)], "g", names[:1], names[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
reference = ReferenceEvaluator(model).run(None, {"x": z})[0]
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
runtime = session.run(None, {"x": z})[0]
right = z.astype(np.float64) - np.log(np.exp(z.astype(np.float64)).sum())

print("version:  onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
print("belief:   the reference evaluator is right wherever the numbers fit a float32")
print("behavior: it is minus infinity from about -104 down")
print("z:          ", z.tolist()[0])
print("reference:  ", reference.tolist()[0])
print("onnxruntime:", runtime.tolist()[0])
print("right:      ", right.tolist()[0])

assert np.isneginf(reference[0, :2]).all() and np.isfinite(reference[0, 2:]).all()
assert np.allclose(runtime, right)
PY
