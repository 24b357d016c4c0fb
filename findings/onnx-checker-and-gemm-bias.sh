#!/usr/bin/env bash
# The strictest check of ONNX lets a bias of the wrong length through, if the layer is one Gemm.
#
# One would guess: check_model(full_check=True) works out every shape, so it finds two biases for three neurons.
# What happens: written as MatMul and Add, the layer is refused. Written as Gemm, the usual form of a dense layer, it
# passes: the weights' shape is compared, the bias's is not, not even with strict_mode.
# Why it matters: Gemm is what exporters write. A passing check says nothing of the biases; whoever reads foreign networks
# has to compare them with the weights himself, or learns of it at the first row that is run.
# Seen in: onnx 1.23.2, reading models with one damaged array each.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq onnx==1.23.2 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INPUTS, NEURONS = 2, 3


def verdict(nodes, bias_length):
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, INPUTS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, NEURONS])],
        [
            numpy_helper.from_array(np.ones((INPUTS, NEURONS), np.float32), "weights"),
            numpy_helper.from_array(np.ones(bias_length, np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError:
        return "refused"
    return "passes"


gemm = [helper.make_node("Gemm", ["x", "weights", "bias"], ["y"])]
apart = [helper.make_node("MatMul", ["x", "weights"], ["z"]), helper.make_node("Add", ["z", "bias"], ["y"])]
found = {
    (form, length): verdict(nodes, length) for form, nodes in (("Gemm", gemm), ("MatMul, Add", apart)) for length in (3, 2)
}

print("version:  onnx", onnx.__version__)
print("belief:   the full check refuses two biases for three neurons, however the layer is written")
print("behavior: it refuses them in MatMul and Add, and passes them in Gemm")
for (form, length), said in found.items():
    print(f"{form:12} three neurons, {length} biases: {said}")

assert found == {
    ("Gemm", 3): "passes",
    ("Gemm", 2): "passes",
    ("MatMul, Add", 3): "passes",
    ("MatMul, Add", 2): "refused",
}
PY
