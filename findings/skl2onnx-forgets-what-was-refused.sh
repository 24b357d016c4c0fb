#!/usr/bin/env bash
# A pipeline that refuses unknown categories lets them pass once it is an ONNX file.
#
# One would guess: OrdinalEncoder's default is handle_unknown="error"; skl2onnx carries it over, as it does for
# OneHotEncoder, or refuses to convert.
# What happens: the ONNX file of OrdinalEncoder gives an unknown category the number -1 without a word, and whatever
# comes behind it gets one step below the first category. The file of OneHotEncoder stops, as the encoder itself does.
# Why it matters: a typing error in a column of text was an error message in Python and becomes a prediction in
# production; and the two encoders, told the same, behave differently there.
# Seen in: skl2onnx 1.20.0 with onnxruntime 1.32.0, looking at what other exporters of tables do with unknown text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

onnxruntime.set_default_logger_severity(4)
X = np.array([["low"], ["middle"], ["high"]] * 20, dtype=object)
y = np.array([1.0, 2.0, 3.0] * 20)
unknown = np.array([["hihg"]], dtype=object)


def answer(predict):
    try:
        return f"{np.ravel(predict())[0]:.2f}"
    except Exception as error:
        return f"refused ({type(error).__name__})"


print("version:  skl2onnx", version("skl2onnx"), "with onnxruntime", version("onnxruntime"))
print("belief:   what a pipeline refuses, its ONNX file refuses")
print("behavior: OrdinalEncoder's file takes an unknown category for -1; OneHotEncoder's refuses it")
found = []
for encoder in (OrdinalEncoder(), OneHotEncoder(sparse_output=False)):
    pipeline = make_pipeline(encoder, MLPRegressor(hidden_layer_sizes=(8,), random_state=0, max_iter=300)).fit(X, y)
    file = to_onnx(pipeline, X[:1]).SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    of_file = answer(lambda: session.run(None, {session.get_inputs()[0].name: unknown})[0])
    of_pipeline = answer(lambda: pipeline.predict(unknown))
    print(f"{type(encoder).__name__}: pipeline {of_pipeline}, file {of_file}")
    found.append((of_pipeline.startswith("refused"), of_file.startswith("refused")))
encoder = OrdinalEncoder().fit(X)
session = onnxruntime.InferenceSession(to_onnx(encoder, X[:1]).SerializeToString(), providers=["CPUExecutionProvider"])
assert np.ravel(session.run(None, {session.get_inputs()[0].name: unknown})[0]).tolist() == [-1]
assert found == [(True, False), (True, True)], found
PY
