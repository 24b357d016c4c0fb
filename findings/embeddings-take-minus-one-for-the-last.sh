#!/usr/bin/env bash
# A category that the encoder calls -1, for unknown, is the last category to embeddings of Keras, MLX and Equinox.
#
# One would guess: an embedding has rows 0 to n - 1 and refuses -1, or answers with zeros or NaN.
# What happens: scikit-learn's OrdinalEncoder(unknown_value=-1) and pandas' codes say -1 for a category that was not
# there in training, or for a gap. Keras on JAX, Equinox and MLX count -1 from the end, as Python does: the row of the
# last category comes out, to the last digit. A code that is too large is NaN in Keras, and the last row again in
# Equinox.
# Why it matters: each new category is answered as if it were the one that stands last in the alphabet, with all that
# was learned about that one. In training -1 even teaches that row.
# Seen in: Keras 3.15.1 on JAX 0.10.2, Equinox 0.13.8 and MLX 0.32.4.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 jax==0.10.2 equinox==0.13.8 "mlx[cpu]==0.32.4" scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/python/bin/python" - <<'PY'
from importlib.metadata import version

import equinox
import jax.numpy as jnp
import keras
import mlx.core as mx
import mlx.nn
import numpy as np
from sklearn.preprocessing import OrdinalEncoder

names = "keras", "jax", "equinox", "mlx", "scikit-learn"
print("version: ", ", ".join(f"{name} {version(name).split('+')[0]}" for name in names))
print("belief:   an embedding refuses -1, or has nothing to say about it")
print("behavior: it has the last category's row for it")
encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
encoder.fit([["Austria"], ["Belgium"], ["Zambia"]])
codes = encoder.transform([["Austria"], ["Zambia"], ["Atlantis"]]).astype("int32")[:, 0]
table = np.array([[10.0], [11.0], [12.0]], dtype="float32")
print("codes of Austria, Zambia and Atlantis:", codes)


def of_keras(codes):
    layer = keras.layers.Embedding(3, 1)
    layer.build()
    layer.set_weights([table])
    return layer(codes)


def of_mlx(codes):
    layer = mlx.nn.Embedding(3, 1)
    layer.weight = mx.array(table)
    return layer(mx.array(codes))


embeddings = {
    "keras": of_keras,
    "equinox": lambda codes: [equinox.nn.Embedding(weight=jnp.array(table))(jnp.array(code)) for code in codes],
    "mlx": of_mlx,
}
for name, embedding in embeddings.items():
    rows = np.array([np.asarray(row) for row in embedding(codes)])[:, 0]
    print(f"{name:7} {rows}")
    assert np.array_equal(rows, [10, 12, 12])
for name in ("keras", "equinox"):
    row = float(np.array([np.asarray(row) for row in embeddings[name](np.array([3]))])[0, 0])
    print(f"{name:7} for code 3, which there is not: {row}")
    assert row == 12 if name == "equinox" else np.isnan(row)
PY
