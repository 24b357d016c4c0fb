#!/usr/bin/env bash
# A Keras weights file is read by the place of a layer, though it holds the layers' names.
#
# One would guess: layers have names to be found by, so load_weights gives the weights of "age" to the layer "age", or
# refuses where the names do not fit. In the file a group bears the layer's name.
# What happens: the groups are dense, dense_1, ... by class and count. The layer's own name is there too, as an attribute,
# and nobody looks at it: a model with the same layers in another order loads without a word and gets the other one's
# weights. And the file lists its groups by the alphabet, so from the eleventh layer on dense_10 comes before dense_2:
# who reads the groups as they come puts the layers in a wrong order.
# Why it matters: shapes are often equal in a stack of hidden layers, so nothing else notices. Who reads such files from
# outside has to sort by the number in the group's name.
# Seen in: Keras 3.15.1, reading its files with h5py.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq keras==3.15.1 h5py==3.16.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"
import h5py
import keras


def stack(*names):
    return keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4, name=name) for name in names)])


def first_weight(model, name):
    return round(float(keras.ops.convert_to_numpy(model.get_layer(name).kernel)[0, 0]), 4)


keras.utils.set_random_seed(0)
saved = stack("income", "age", *(f"more_{i}" for i in range(10)))
saved.save_weights("stack.weights.h5")
with h5py.File("stack.weights.h5") as file:
    groups = list(file["layers"])
    names = [str(file[f"layers/{group}/vars"].attrs["name"]) for group in groups]
other = stack("age", "income", *(f"more_{i}" for i in range(10)))
other.load_weights("stack.weights.h5")

print("version:  keras", keras.__version__)
print("belief:   a layer finds its weights by its name")
print("behavior: by its place; the name in the file is not looked at")
print("groups, as the file lists them:", groups)
print("layers' names, in that order:  ", names)
print("saved:  income", first_weight(saved, "income"), " age", first_weight(saved, "age"))
print("loaded: income", first_weight(other, "income"), " age", first_weight(other, "age"))

assert groups[:5] == ["dense", "dense_1", "dense_10", "dense_11", "dense_2"]
assert names[:5] == ["income", "age", "more_8", "more_9", "more_0"]
assert first_weight(other, "income") == first_weight(saved, "age")
assert first_weight(other, "age") == first_weight(saved, "income")
assert first_weight(saved, "age") != first_weight(saved, "income")
PY
