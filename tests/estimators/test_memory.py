"""Training holds the data once, six numbers a parameter, the activations of a batch, and little else."""

import subprocess
import sys

import pytest

PROGRAM = """
import itertools, resource, sys, warnings
import numpy as np
from backlit import MLPRegressor

warnings.simplefilter("ignore")
n_rows, n_hidden, early_stopping = map(int, sys.argv[1:])
model = MLPRegressor(
    hidden_layer_sizes=(n_hidden, n_hidden), batch_size=256, max_iter=1, early_stopping=early_stopping == 1
)
few = np.ones((8, 4), dtype=np.float32)
MLPRegressor(hidden_layer_sizes=(2,), max_iter=1).fit(few, few[:, 0])  # imports what there is to import
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
X = np.zeros((n_rows, 1000), dtype=np.float32)
X[:] = 0.5
y = np.zeros(len(X), dtype=np.float32)
model.fit(X, y)
sizes = (1000, n_hidden, n_hidden, 1)
parameters = 4 * sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
activations = 4 * 256 * 2 * sum(sizes)
allowed = X.nbytes + y.nbytes + 6 * parameters + activations + 60 * 2**20
print((peak() - before) / 2**20, allowed / 2**20)
"""


@pytest.mark.thorough
@pytest.mark.needs("linux")  # ru_maxrss is in other units elsewhere
@pytest.mark.parametrize(
    ("n_rows", "n_hidden", "early_stopping"),
    [
        pytest.param(30_000, 50, 0, id="much data"),
        pytest.param(30_000, 50, 1, id="much data, early stopping"),
        pytest.param(512, 3000, 0, id="many parameters"),
    ],
)
def test_memory_of_a_fit(n_rows, n_hidden, early_stopping):
    arguments = map(str, (n_rows, n_hidden, early_stopping))
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    held, allowed = map(float, done.stdout.split())
    assert held <= allowed
