"""Writes .keras files of any layers, as Keras does."""

from __future__ import annotations

import io
import json
import zipfile

import h5py
import numpy as np


def keras_file(path, *layers, kind="Sequential", **groups):
    """A .keras file as Keras writes it: (class, settings) of layers, and name of a group → its arrays."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as tree:
        tree.create_group("layers")
        for name, arrays in groups.items():
            for i, array in enumerate(arrays):
                tree[f"layers/{name}/vars/{i}"] = array
    config = {"class_name": kind, "config": {"layers": [{"class_name": c, "config": s} for c, s in layers]}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights.getvalue())
    return path


def arrays(n_in, n_out, value=1.0):
    return np.full((n_in, n_out), value, "float32"), np.zeros(n_out, "float32")
