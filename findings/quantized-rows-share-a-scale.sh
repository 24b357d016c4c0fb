#!/usr/bin/env bash
# In a network quantized on the fly one row with a slip in it makes the answers for the rows beside it worthless.
#
# One would guess: a network of dense layers answers each row by itself, quantized or not; what a batch puts together is
# a matter of speed.
# What happens: dynamic quantization measures the largest and the least number of the batch it is given, and spreads 256
# steps between them for all rows. One row with a price in cents is enough, and the others lie within three of these
# steps. onnxruntime's quantize_dynamic does so in each layer anew. And without any slip a row's answer is another one
# alone than in company.
# Why it matters: a service that gathers the requests of some milliseconds answers one customer otherwise because of
# another one. The test on clean rows, which has found the quantized network good, cannot show it.
# Seen in: onnxruntime 1.32.0, with the weights of a network from scikit-learn 1.9.1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq onnxruntime==1.32.0 onnx==1.23.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import logging
from importlib.metadata import version

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, save
from onnxruntime.quantization import quantize_dynamic
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor

logging.disable(logging.WARNING)
names = "onnxruntime", "scikit-learn"
print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in names))
print("belief:   a row's answer has nothing to do with the rows beside it")
print("behavior: they share one scale, and the largest number sets it")
rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 8)).astype("float32")
y = X[:, 0] * X[:, 1] + np.abs(X[:, 2]) - X[:, 3]
network = MLPRegressor(hidden_layer_sizes=(32,), max_iter=500, random_state=0).fit(X[:1800], y[:1800])
clean = X[1800:]
slip = clean.copy()
slip[7, 4] = 1000
others = np.arange(200) != 7

(W0, W1), (b0, b1) = ([a.astype("float32") for a in arrays] for arrays in (network.coefs_, network.intercepts_))
nodes = [
    helper.make_node("MatMul", ["x", "W0"], ["m0"]),
    helper.make_node("Add", ["m0", "b0"], ["z0"]),
    helper.make_node("Relu", ["z0"], ["a0"]),
    helper.make_node("MatMul", ["a0", "W1"], ["m1"]),
    helper.make_node("Add", ["m1", "b1"], ["y"]),
]
graph = helper.make_graph(
    nodes,
    "network",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
    [numpy_helper.from_array(array, name) for name, array in {"W0": W0, "b0": b0, "W1": W1, "b1": b1}.items()],
)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "plain.onnx")
quantize_dynamic("plain.onnx", "quantized.onnx")
session = onnxruntime.InferenceSession("quantized.onnx")


def answer(rows):
    return session.run(None, {"x": rows})[0][:, 0]


whole = network.predict(clean)
print(f"not quantized: R2 of the other rows {r2_score(y[1800:][others], whole[others]):.3f}")
alone = np.concatenate([answer(clean[i : i + 1]) for i in range(200)])
scores = []
for way, answers in {
    "one by one": alone,
    "together": answer(clean),
    "together, with a slip in one": answer(slip),
    "one by one, with the slip": np.concatenate([answer(slip[i : i + 1]) for i in range(200)]),
}.items():
    scores.append(r2_score(y[1800:][others], answers[others]))
    print(f"quantized, 200 rows {way}: R2 of the other rows {scores[-1]:.3f}")
assert scores[0] == scores[3] and min(scores[:2]) > 0.9 and scores[2] < 0.5
assert np.abs(answer(clean) - alone).max() > 0.005
PY
