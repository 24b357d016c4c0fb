"""Whether a contestant computes what the workload asks for: a fast wrong engine must fail.

It trains from the same weights on the same rows in the same order as the reference engine in float64, and then its
parameters are compared: ``‖θ − θ_ref‖ / ‖θ_ref − θ_0‖`` over all weights and biases, the distance between the two
relative to how far the reference's moved. After five steps rounding has made that 1e-5 or less. After an epoch with
Adam it is more in float32, up to 0.05: the square of a gradient below 1e-19 underflows there, and Adam divides by its
root.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cases import Case

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam, AdamW
from backlit.engine import Objective
from backlit.engine.reference import ReferenceEngine

FOLDER = Path(__file__).parent / "results" / "reference"
# PyTorch adds ε elsewhere than the others do; see `backlit.core.optimizers`
OPTIMIZERS = {"sgd": SGD(), "adam": Adam(), "adam of PyTorch": AdamW(weight_decay=0.0)}
N_STEPS = 5
# after `N_STEPS` and after an epoch. JAX flushes subnormal numbers to 0, which Adam makes more of.
TOLERANCES = {"full": (2e-3, 0.1), "bfloat16x3": (0.02, 0.2), "bfloat16": (0.3, 0.4)}


def is_right(case: Case, after_steps: float, after_epoch: float) -> bool:
    """Whether distances after `N_STEPS` and after an epoch are those of rounding."""
    of_steps, of_epoch = TOLERANCES[case.precision]
    return after_steps <= of_steps and after_epoch <= of_epoch


def distance(case: Case, n_steps: int, weights: list[np.ndarray], biases: list[np.ndarray]) -> float:
    """How far parameters are from the reference's after so many steps, relative to how far those have moved."""
    return distance_from(reference(case, n_steps), case, weights, biases)


def distance_from(expected: np.ndarray, case: Case, weights: list[np.ndarray], biases: list[np.ndarray]) -> float:
    """Return the same for all of the reference's parameters, one after the other."""
    moved = np.linalg.norm(expected - _flat(*case.parameters()))
    return float(np.linalg.norm(_flat(weights, biases) - expected) / moved)


def reference(case: Case, n_steps: int) -> np.ndarray:
    """Return all parameters after the first steps of an epoch on the reference engine; computed once and kept."""
    name = "-".join([case.name, case.dtype, case.optimizer, *case.activations, str(n_steps)])
    file = FOLDER / f"{name}.npy"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, trained(case, n_steps))
    return np.load(file)


def trained(case: Case, n_steps: int) -> np.ndarray:
    """Return all parameters after the first steps of an epoch on the reference engine in float64."""
    x, y = (array.astype(np.float64) for array in case.data())
    weights, biases = ([array.astype(np.float64) for array in part] for part in case.parameters())
    network = Network(tuple(weights), tuple(biases), case.activations)
    session = ReferenceEngine().open(network, Objective(case.loss), OPTIMIZERS[case.optimizer])
    order = case.order(0)[: n_steps * case.batch_size]
    session.run_steps(x, y, order, case.batch_size, np.full(n_steps, case.rate))
    return _flat(list(session.network().weights), list(session.network().biases))


def _flat(weights: list[np.ndarray], biases: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(array) for array in (*weights, *biases)]).astype(np.float64)
