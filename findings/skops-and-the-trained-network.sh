#!/usr/bin/env bash
# skops, made to load scikit-learn's models without pickle, refuses scikit-learn's own network as it is by default.
#
# One would guess: estimators of scikit-learn load without further words; only functions and classes of one's own have to
# be trusted by name.
# What happens: MLPClassifier loads before fit, and after fit with solver="lbfgs". After fit with the default adam, or
# with sgd, it is refused: it keeps its optimizer, an object of a private class of scikit-learn, and that class is not on
# the list. A pipeline with such a network in it is refused as well, while one with SGDClassifier loads.
# Why it matters: a file written without complaint turns out unreadable, with the settings that said nothing wrong, on the
# machine where it was to be used. The name to be trusted is private and may change with scikit-learn.
# Seen in: skops 0.16.0 with scikit-learn 1.9.1, looking for files that networks can be read from.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq skops==0.16.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import numpy as np
import skops
import skops.io
import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X = np.random.default_rng(0).normal(size=(20, 2))
y = X[:, 0] > 0
models = {
    "a network before fit": MLPClassifier((3,)),
    "fitted with lbfgs": MLPClassifier((3,), solver="lbfgs", max_iter=2).fit(X, y),
    "fitted with adam, the default": MLPClassifier((3,), max_iter=2).fit(X, y),
    "fitted with sgd": MLPClassifier((3,), solver="sgd", max_iter=2).fit(X, y),
    "adam in a pipeline": make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=2)).fit(X, y),
    "SGDClassifier in a pipeline": make_pipeline(StandardScaler(), SGDClassifier()).fit(X, y),
}

print("version:  skops", skops.__version__, "with scikit-learn", sklearn.__version__)
print("belief:   whatever scikit-learn trains is loaded without naming types to trust")
print("behavior: a network trained by adam or sgd is not")
found = {}
for name, model in models.items():
    written = skops.io.dumps(model)
    found[name] = skops.io.get_untrusted_types(data=written)
    try:
        skops.io.loads(written)
        said = "loads"
    except skops.io.exceptions.UntrustedTypesFoundException:
        said = "refused"
    print(f"{name}: {said}", *found[name])
    assert (said == "refused") == bool(found[name])

optimizers = "sklearn.neural_network._stochastic_optimizers."
assert list(found.values()) == [
    [], [], [optimizers + "AdamOptimizer"], [optimizers + "SGDOptimizer"], [optimizers + "AdamOptimizer"], [],
]
PY
