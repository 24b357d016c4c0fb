"""One contestant that gets shape after shape of the map: it makes ready all its settings, and times one when asked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import correctness
import numpy as np
from cases import Case
from contestants import CONTESTANTS
from interleaved import repeated

SECONDS_PER_ROUND = 0.03
Answer = dict[str, Any] | float


def prepare(contestant: str, n_threads: int) -> tuple[dict[str, Any], Callable[[dict[str, Any]], Answer]]:
    """Answer ``{"case": …, "expected": folder}`` by settings and distances, ``{"setting": i}`` by seconds per step."""
    module = CONTESTANTS[contestant].load()
    ready: list[Callable[[], float]] = []

    def answer(request: dict[str, Any]) -> Answer:
        if "setting" in request:
            return ready[request["setting"]]()
        ready.clear()
        case = CONTESTANTS[contestant].own_case(case_of(request["case"]))
        expected = np.load(Path(request["expected"]) / f"{case.optimizer}.npy")
        settings, distances = module.settings(case), []
        for setting in settings:
            epoch, parameters = module.train(case, n_threads, **setting)
            epoch(case.order(0)[: correctness.N_STEPS * case.batch_size])
            distances.append(correctness.distance_from(expected, case, *parameters()))
            ready.append(_timed(case, epoch))
        return {"settings": settings, "distances": distances}

    return {}, answer


def case_of(fields: dict[str, Any]) -> Case:
    return Case(**fields | {name: tuple(fields[name]) for name in ("sizes", "activations")})


def _timed(case: Case, epoch: Callable[[np.ndarray], None]) -> Callable[[], float]:
    orders = itertools.cycle([case.order(e) for e in range(1, 3)])
    epoch(next(orders))
    return lambda: repeated(lambda: epoch(next(orders)), SECONDS_PER_ROUND) / case.n_steps
