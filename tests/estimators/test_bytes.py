"""An array of bytes is trained on as it is, to the same bits as the floats that it counts."""

import numpy as np
import pytest

from backlit import EarlyStopping, MLPClassifier, MLPRegressor
from every import every
from peaks import peak

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (150, 30), dtype=np.uint8)
Y = X[:, 0] > 128
WEIGHT = RNG.uniform(0.5, 2, len(X)).astype(np.float32)


def learned(model):
    return [each.tolist() for each in (*model.coefs_, *model.intercepts_)]


WAYS = {
    "usual": {},
    "float32": {"dtype": "float32"},
    "early stopping": {"early_stopping": True},
    "validation cost": {"early_stopping": EarlyStopping(monitor="validation_cost")},
    "lbfgs": {"solver": "lbfgs"},
    "gd": {"solver": "gd", "learning_rate_init": 1e-5},
    "strided": {},
}


@every("cls", [MLPClassifier, MLPRegressor])
@every("way", list(WAYS))
def test_it_is_what_its_floats_are(cls, way, engine):
    found = []
    for x in (X, X.astype(np.float64)):
        x = np.asfortranarray(x) if way == "strided" else x
        model = cls(hidden_layer_sizes=(8,), max_iter=3, random_state=0, engine=engine, **WAYS[way])
        model.fit(x, Y)
        model.fit(x, Y, sample_weight=WEIGHT) if way == "usual" else None
        assert model.coefs_[0].dtype == ("float32" if way == "float32" else "float64")
        found.append([learned(model), model.predict(x).tolist(), model.score(x, Y)])
    assert found[0] == found[1]


def test_partial_fits_go_on_from_either(engine):
    found = []
    for x in (X, X.astype(np.float64)):
        model = MLPClassifier((8,), random_state=0, engine=engine)
        for _ in range(2):
            model.partial_fit(x, Y, classes=[False, True])
        found.append((learned(model), model.predict_proba(X).tolist()))
    assert found[0] == found[1]


PROGRAM = """
import sys, warnings
import numpy as np
from backlit import MLPClassifier
warnings.simplefilter("ignore")
x = np.random.default_rng(0).integers(0, 256, (60_000, 784), dtype=np.uint8)
MLPClassifier((10,), max_iter=1, random_state=0).fit(x[:int(sys.argv[1])], x[:int(sys.argv[1]), 0] > 128)
"""


def test_there_are_no_floats_of_all_rows():
    assert peak(PROGRAM, 60_000) < peak(PROGRAM, 600) + 40  # as float64 they would be 359 MiB
