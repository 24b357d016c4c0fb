"""Training: microseconds per step of every contestant on every workload."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import correctness
from cases import CASES, FLOAT64, INSTRUCTION_SETS, Case
from contestants import CONTESTANTS, Setting, Training
from interleaved import Measured, repeated
from machine import processors

SECONDS_PER_ROUND = 0.15
# What asks backlit, and its peers' products, for an instruction set where processors cannot hide the others.
ASKING_FOR = {
    "avx2": {"BACKLIT_ISA": "avx2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "baseline": {"BACKLIT_ISA": "baseline", "ATEN_CPU_CAPABILITY": "default"},
}
ASKING_FOR["avx2"] |= {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}
ASKING_FOR["baseline"] |= {"ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"}
NEEDS_AVX = ("JAX",)
FLOAT64_CONTESTANTS = ("backlit", "JAX", "PyTorch eager", "scikit-learn")


@dataclass(frozen=True)
class Entry:
    """One contestant on one workload, in one variant, on so many threads."""

    case: str
    contestant: str
    n_threads: int
    dtype: str = "float32"
    precision: str = "full"
    isa: str = ""  # a lesser instruction set than the processor's
    hidden_by: str = ""  # what hides the others; see `machine.hiding`

    def __str__(self) -> str:
        variant = " ".join(
            part for part in (self.dtype, self.precision, self.isa) if part not in ("float32", "full", "")
        )
        return f"{self.contestant} on {self.case} with {self.n_threads}{' ' + variant if variant else ''}"

    def workload(self) -> Case:
        case = FLOAT64[self.case] if self.dtype == "float64" else CASES[self.case]
        return CONTESTANTS[self.contestant].own_case(replace(case, precision=self.precision))

    def arguments(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key not in ("n_threads", "isa", "hidden_by")}

    def environment(self) -> dict[str, str]:
        hidden = {"LD_PRELOAD": self.hidden_by} if self.hidden_by else {}
        return hidden | (ASKING_FOR[self.isa] if self.isa else {})

    def row(self, found: Measured) -> dict[str, Any]:
        """Return what is saved of it."""
        variant = " ".join(part for part in (self.precision, self.isa) if part not in ("full", ""))
        microseconds = [1e6 * seconds for seconds in found.rounds]
        after = found.facts["after_steps"], found.facts["after_epoch"]
        return asdict(self) | {
            "contestant": f"{self.contestant}, {variant}" if variant else self.contestant,
            "setting": found.facts["setting"],
            "microseconds": statistics.median(microseconds),
            "low": min(microseconds),
            "high": max(microseconds),
            "distance": after,
            "right": correctness.is_right(self.workload(), *after),
            "nearest": self.workload().activations != CASES[self.case].activations,
        }


def main_entries(quick: bool) -> list[Entry]:
    """Everybody in float32: peers on one thread and on all, backlit on what suits the workload.

    On two processors that is what backlit would choose by itself. In a quick run all are given as many.
    """
    entries = []
    for case, contestant in itertools.product(CASES.values(), CONTESTANTS.values()):
        if not contestant.takes(case) or (quick and contestant.name == "PyTorch compiled"):
            continue
        most = processors() if contestant.uses_threads else 1
        counts = {min(most, suited(case))} if quick or contestant.chooses_threads else {1, most}
        entries += [Entry(case.name, contestant.name, n) for n in sorted(counts)]
    return entries


def held_entries(isa: str, hidden_by: str | None, quick: bool) -> list[Entry]:
    """Everybody in float32, held to an instruction set as far as can be.

    Not PyTorch compiled: the compiler that it calls takes the signals itself by which sets are hidden, and breaks off.
    """
    entries = [replace(entry, isa=isa, hidden_by=hidden_by or "") for entry in main_entries(quick)]
    entries = [entry for entry in entries if entry.contestant != "PyTorch compiled"]
    return [entry for entry in entries if isa != "baseline" or entry.contestant not in NEEDS_AVX]


def suited(case: Case) -> int:
    """Return the number of threads that suits a workload: steps of a few microseconds want one."""
    return 1 if case.flops_per_step < 1e7 else processors()


def variants(cases: list[str]) -> list[list[Entry]]:
    """What else is measured, in groups that take turns."""
    groups = []
    for case in cases:
        groups.append([Entry(case, "backlit", suited(CASES[case]), isa=isa) for isa in INSTRUCTION_SETS])
        groups.append([Entry(case, name, suited(CASES[case]), dtype="float64") for name in FLOAT64_CONTESTANTS])
    if "W3" in cases:
        entered = [("backlit", "bfloat16"), ("backlit", "bfloat16x3"), ("PyTorch eager", "bfloat16")]
        groups.append([Entry("W3", name, processors(), precision=precision) for name, precision in entered])
    return groups


def prepare(n_threads: int, quick: bool = False, **entry: Any) -> tuple[dict[str, Any], Callable[[], float]]:
    """Choose the contestant's fastest setting, check what it computes, and return how to time it."""
    workload = Entry(n_threads=n_threads, **entry).workload()
    module = CONTESTANTS[entry["contestant"]].load()
    settings = module.settings(workload)[: 1 if quick else None]
    if len(settings) > 1:
        settings = [min(settings, key=lambda setting: _trial(module.train, workload, n_threads, setting))]
    epoch, _ = module.train(workload, n_threads, **settings[0])
    facts = {"setting": settings[0], **_distances(module.train, workload, n_threads, settings[0])}
    epoch(workload.order(0))
    orders = itertools.cycle([workload.order(e) for e in range(1, 4)])

    def once() -> float:
        return repeated(lambda: epoch(next(orders)), SECONDS_PER_ROUND) / workload.n_steps

    return facts, once


def _distances(train: Callable[..., Training], case: Case, n_threads: int, setting: Setting) -> dict[str, float]:
    distances = {}
    for name, n_steps in (("after_steps", correctness.N_STEPS), ("after_epoch", case.n_steps)):
        epoch, parameters = train(case, n_threads, **setting)
        epoch(case.order(0)[: n_steps * case.batch_size])
        distances[name] = correctness.distance(case, n_steps, *parameters())
    return distances


def _trial(train: Callable[..., Training], case: Case, n_threads: int, setting: Setting) -> float:
    epoch, _ = train(case, n_threads, **setting)
    order = case.order(0)
    epoch(order)  # compiles
    return repeated(lambda: epoch(order), 0.1)
