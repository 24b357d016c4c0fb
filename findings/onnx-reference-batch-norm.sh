#!/usr/bin/env bash
# In files up to opset 13 ONNX's reference evaluator normalizes by the rows at hand, and not by the means in the file.
#
# One would guess: a BatchNormalization in a file for prediction takes the mean and the variance that are its inputs, a
# row's answer has nothing to do with the rows beside it, and the reference is what runtimes are measured by.
# What happens: training_mode came with opset 14. Before, a node with one output is for prediction and one with five for
# training; the evaluator does not count outputs. From opset 9 to 13 it asks whether there is a momentum, which the
# operator's default of 0.9 always answers: a tenth of the mean and of the variance is the batch's own, and a row has
# another answer alone than among others. onnxruntime answers alike in every opset.
# Why it matters: the evaluator is what a converter's answers are compared with, and what runs a file where no runtime
# can be installed. Batch normalization first is how networks for tables often begin.
# Seen in: onnx 1.23.2, against onnxruntime 1.32.0; a change for it is proposed in onnx (pull request 8442).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

print("version:  onnx", version("onnx"), "beside onnxruntime", version("onnxruntime"))
print("belief:   the mean and the variance of the file count, and nothing else")
print("behavior: up to opset 13 the batch's own are in the answer")
rng = np.random.default_rng(0)
rows = (rng.normal(size=(200, 1)) * 10 + 40).astype("float32")
arrays = {"scale": [1.0], "bias": [0.0], "mean": [20.0], "variance": [100.0]}


def evaluators(opset):
    graph = helper.make_graph(
        [helper.make_node("BatchNormalization", ["x", *arrays], ["y"])],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.float32(array), name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return {"reference": ReferenceEvaluator(model), "onnxruntime": session}


right = (rows[:, 0] - 20) / np.sqrt(100 + 1e-5)
print(f"row 0 is {rows[0, 0]:.2f}, which makes {right[0]:.4f}")
for opset in (9, 12, 13, 14, 15):
    found = {}
    for name, evaluator in evaluators(opset).items():
        together, alone = (evaluator.run(None, {"x": batch})[0][0, 0] for batch in (rows, rows[:1]))
        found[name] = together, alone
    print(f"opset {opset:2}", ", ".join(f"{name} {a:.4f} among 200 rows, {b:.4f} alone" for name, (a, b) in found.items()))
    assert np.allclose(found["onnxruntime"], right[0], atol=1e-4)
    if opset > 13:
        assert np.allclose(found["reference"], right[0], atol=1e-4)
    else:
        assert abs(found["reference"][0] - right[0]) > 0.1 and abs(found["reference"][0] - found["reference"][1]) > 0.02
PY
