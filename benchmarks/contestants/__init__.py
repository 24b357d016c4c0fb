"""Who takes part. Each file holds one contestant; the others need not be installed.

``train(case, n_threads, **setting)`` returns how to run one epoch and how to read the parameters:
``epoch(order)`` trains on the rows in this order; ``parameters()`` gives weights ``(n_out, n_in)`` and biases.
``settings(case)`` lists the ways it can be set up, the most promising first; the fastest is the one that counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from cases import Case

Training = tuple[Callable[[np.ndarray], None], Callable[[], tuple[list[np.ndarray], list[np.ndarray]]]]
Setting = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """One who takes part.

    Attributes
    ----------
    module : str
        Where it is written.
    uses_threads : bool
        Whether more than one is of use to it.
    chooses_threads : bool
        Takes one by itself where more do not pay, and is not measured twice.
    only : tuple of str
        Workloads it takes part in; all where empty.
    """

    name: str
    module: str
    uses_threads: bool = True
    chooses_threads: bool = False
    only: tuple[str, ...] = ()

    def load(self) -> ModuleType:
        return import_module(f"contestants.{self.module}")

    def takes(self, case: Case) -> bool:
        return not self.only or case.name in self.only

    def own_case(self, case: Case) -> Case:
        """Return the workload with the objective this contestant really has."""
        if self.name == "scikit-learn" and case.name == "W1":
            # it has no quadratic classifier: the nearest is a regressor of ten outputs, whose last layer is linear
            return replace(case, activations=("sigmoid", "identity"))
        if self.name.startswith("PyTorch") and case.optimizer == "adam":
            return replace(case, optimizer="adam of PyTorch")  # it adds ε in another place
        return case


CONTESTANTS = {
    contestant.name: contestant
    for contestant in [
        Contestant("backlit", "ours", chooses_threads=True),
        Contestant("JAX", "jax_scan"),
        Contestant("PyTorch compiled", "pytorch_compiled"),
        Contestant("PyTorch eager", "pytorch"),
        Contestant("scikit-learn", "scikit_learn"),
        Contestant("Nielsen's way", "nielsen", uses_threads=False, only=("W1",)),
    ]
}
