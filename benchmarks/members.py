"""Members of one fit beside as many fits: what it saves to train them together, and what it costs to share layers.

    python benchmarks/members.py                    all cases, in turn, a few minutes
    python benchmarks/members.py 64-64 --rounds 5

"fits" are estimators by `fit_many`, of tables or `MLPRegressor`; "members" is one estimator with as many members,
"sharing" one whose members share layers as TabM's *mini* has it. All take as many steps of the same size, from
the same 20 columns.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from report import table

import backlit as bl

N_ROWS, N_COLUMNS, BATCH_SIZE = 16_384, 20, 256
# hidden layers → (members, epochs, other options)
CASES: dict[str, tuple[int, int, dict[str, Any]]] = {
    "64-64": (16, 6, {}),
    "256-256": (16, 2, {}),
    "256-256-256": (8, 2, {"activation": "silu", "dropout": 0.2, "numbers": "piecewise", "n_bins": 25}),
}


def ways(case: str) -> dict[str, Callable[[], object]]:
    """Return what is to be timed: a name, and a function that fits."""
    n_members, epochs, others = CASES[case]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N_ROWS, N_COLUMNS)).astype(np.float32)
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    hidden = tuple(map(int, case.split("-")))
    options = {"hidden": hidden, "batch_size": BATCH_SIZE, "alpha": 0.0, **others}

    def regressor(seed: int = 0, members: int = 1, **more: Any) -> Any:
        common = {"preset": "plain", "epochs": epochs, "validation_fraction": 0.0, "random_state": seed}
        return bl.TabularRegressor(members=members, options={**options, **more}, **common)

    def plain_fits() -> object:
        common = {"batch_size": BATCH_SIZE, "max_iter": epochs, "n_iter_no_change": epochs + 1, "alpha": 0.0}
        networks = [bl.MLPRegressor(hidden_layer_sizes=hidden, random_state=m, **common) for m in range(n_members)]
        return bl.fit_many(networks, x, y)

    return {
        **({} if others else {"fits of MLPRegressor": plain_fits}),
        "fits": lambda: bl.fit_many([regressor(seed) for seed in range(n_members)], x, y),
        "members": lambda: regressor(members=n_members).fit(x, y),
        "sharing": lambda: regressor(members=n_members, sharing="mini").fit(x, y),
    }


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Return seconds of the clock, and of the processors."""
    began, used = time.perf_counter(), _processor_time()
    run()
    return time.perf_counter() - began, _processor_time() - used


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], help="hidden layers; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")  # that so few epochs are not enough
    lines = []
    for case in arguments.cases or CASES:
        n_members, epochs, _ = CASES[case]
        found: dict[str, list[tuple[float, float]]] = {}
        for _ in range(arguments.rounds):
            for name, run in ways(case).items():  # in turn, so that what changes on the machine meets all
                found.setdefault(name, []).append(timed(run))
        steps = n_members * epochs * N_ROWS / BATCH_SIZE
        of_fits = statistics.median(wall for wall, _ in found["fits"])
        for name, times in found.items():
            wall, used = (statistics.median(each) for each in zip(*times, strict=True))
            in_microseconds = (f"{1e6 * seconds / steps:.0f}" for seconds in (wall, used))
            lines.append([f"{n_members} of {case}", name, *in_microseconds, f"{wall / of_fits:.2f}"])
    print(table(["members", "way", "µs a member's step", "processor, µs", "of the fits' time"], lines))


if __name__ == "__main__":
    main()
