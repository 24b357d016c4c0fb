"""Memory: how much more a process holds at its peak while an estimator is trained than before."""

from __future__ import annotations

import contextlib
import resource
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cases import CASES

ENTRIES = ("backlit", "scikit-learn")


def prepare(entry: str, case: str, n_threads: int) -> tuple[dict[str, Any], Callable[[], float]]:
    """Train two epochs of the workload; the process then has no more to tell."""
    warnings.filterwarnings("ignore")
    if entry == "backlit":
        from backlit import MLPClassifier, MLPRegressor
    else:
        from sklearn.neural_network import MLPClassifier, MLPRegressor
    workload = CASES[case]
    x, y = workload.data()
    kind = MLPRegressor if workload.sizes[-1] == 1 else MLPClassifier
    hidden = {"sigmoid": "logistic"}.get(workload.activations[0], workload.activations[0])
    model = (
        kind(workload.sizes[1:-1], activation=hidden)
        if kind is MLPClassifier
        else kind(hidden_layer_sizes=workload.sizes[1:-1], activation=hidden)
    )
    model.set_params(batch_size=workload.batch_size, max_iter=2, solver=workload.optimizer)
    target = y[:, 0] if workload.sizes[-1] == 1 else y.argmax(axis=1)
    model.fit(x[:100], target[:100])  # imports what it imports
    before = _begin_anew()
    model.fit(x, target)
    more = _peak() - before
    n_parameters = sum((n_in + 1) * n_out for n_in, n_out in zip(workload.sizes[:-1], workload.sizes[1:], strict=True))
    facts = {"mebibytes": more / 1024, "data": x.nbytes / 2**20, "parameters": n_parameters * 4 / 2**20}
    return facts, lambda: 0.0


def _begin_anew() -> float:
    """Forget the peak there was, where the system can, and return how many KiB the process holds."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        return float(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
