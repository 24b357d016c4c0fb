#!/usr/bin/env bash
# onnxruntime runs Softplus on float64 in a model of opset 18, and in no other.
#
# One would guess: either float64 Softplus runs or it does not, and a newer opset never runs less than an older one.
# From opset 1 to 21 it is one and the same operator: the format gave Softplus no new version in between.
# What happens: opset 16 and 17: not implemented. Opset 18: right answer. Opset 19 to 22: not implemented. LeakyRelu on
# float64, unchanged since 16, runs in 16, 17 and 18 and stops at 19. There seems to be no float64 kernel for either; what
# runs is the operator's definition in simpler operators, and that is taken only where its own opset fits the model's.
# Why it matters: a network trained in float64 and exported "to the newest opset, to be safe" passes the checker and does
# not load; one number lower, and it does.
# Seen in: onnxruntime 1.32.0, exporting one network to every opset.
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

x = np.array([0.5, -1.0])


def runs(operator, opset):
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"])],
        "one_operator",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [2])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, [2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        assert "NOT_IMPLEMENTED" in str(error), error
        return False
    (y,) = session.run(None, {"x": x})
    expected = np.log1p(np.exp(x)) if operator == "Softplus" else np.where(x < 0, 0.01 * x, x)
    np.testing.assert_allclose(y, expected, rtol=1e-7)
    return True


print("version:  onnxruntime", onnxruntime.__version__, "with onnx", onnx.__version__)
print("belief:   what runs in opset 18 runs in opset 19, where the operator is the same")
print("behavior: float64 Softplus runs in opset 18 alone")
ran = {}
for operator in ("Softplus", "LeakyRelu"):
    for opset in range(16, 23):
        since = onnx.defs.get_schema(operator, opset).since_version
        ran[operator, opset] = runs(operator, opset)
        print(f"{operator} (version {since}) in opset {opset}:", "runs" if ran[operator, opset] else "not implemented")

assert onnx.defs.get_schema("Softplus", 17).since_version == onnx.defs.get_schema("Softplus", 19).since_version == 1
assert onnx.defs.get_schema("LeakyRelu", 18).since_version == onnx.defs.get_schema("LeakyRelu", 19).since_version == 16
assert [opset for opset in range(16, 23) if ran["Softplus", opset]] == [18]
assert [opset for opset in range(16, 23) if ran["LeakyRelu", opset]] == [16, 17, 18]
PY
