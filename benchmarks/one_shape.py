"""One contestant that gets shape after shape of the map: it makes ready all its settings, and times one when asked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import correctness
import numpy as np
from cases import Case
from contestants import CONTESTANTS, Setting
from interleaved import repeated

SECONDS_PER_ROUND = 0.05  # as long for one thread as for two, for all turns begin slowly
Answer = dict[str, Any] | float


def prepare(contestant: str, n_threads: int) -> tuple[dict[str, Any], Callable[[dict[str, Any]], Answer]]:
    """Return how to answer requests.

    ``{"case": …, "quick": …}`` asks for settings; of one of these, ``{"setting": i}`` for seconds per step, and
    ``{"check": i, "expected": folder}`` for its distance from the reference, for which JAX compiles once more.
    """
    module = CONTESTANTS[contestant].load()
    cases: list[Case] = []
    settings: list[Setting] = []
    ready: list[Callable[[], float]] = []

    def answer(request: dict[str, Any]) -> Answer:
        if "setting" in request:
            return ready[request["setting"]]()
        if "check" in request:
            expected = np.load(Path(request["expected"]) / f"{cases[0].optimizer}.npy")
            epoch, parameters = module.train(cases[0], n_threads, **settings[request["check"]])
            epoch(cases[0].order(0)[: correctness.N_STEPS * cases[0].batch_size])
            return correctness.distance_from(expected, cases[0], *parameters())
        cases[:] = [CONTESTANTS[contestant].own_case(case_of(request["case"]))]
        settings[:] = module.settings(cases[0])[: 1 if request["quick"] else None]
        ready[:] = [_timed(cases[0], module.train(cases[0], n_threads, **setting)[0]) for setting in settings]
        return {"settings": settings}

    return {}, answer


def case_of(fields: dict[str, Any]) -> Case:
    return Case(**fields | {name: tuple(fields[name]) for name in ("sizes", "activations")})


def _timed(case: Case, epoch: Callable[[np.ndarray], None]) -> Callable[[], float]:
    orders = itertools.cycle([case.order(e) for e in range(1, 3)])
    epoch(next(orders))
    return lambda: repeated(lambda: epoch(next(orders)), SECONDS_PER_ROUND) / case.n_steps
