"""The machine: its name, the versions of what takes part, and the peak that shares are counted against."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from backlit.engine.native import NativeEngine

HERE = Path(__file__).parent
COMPILED_FOR = {"native": ["-march=native"], "avx2": ["-mavx2", "-mfma"], "baseline": []}
PEERS = ("numpy", "scikit-learn", "torch", "jax")


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()


def describe() -> dict[str, Any]:
    """Return processor, instruction set, processors, and versions."""
    versions = {"python": platform.python_version()}
    for name in PEERS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": processor_name(),
        "processors": processors(),
        "instruction_set": NativeEngine().instruction_set,
        "versions": versions,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def peak(dtype: str, n_threads: int, isa: str = "native") -> float:
    """Return the most GFLOP/s seen: of multiply-adds in registers, or of NumPy's matrix product if that is more.

    Of a lesser instruction set than the processor's, which NumPy would not keep to, only of the former.
    """
    matrix_product = _matrix_product(dtype) if n_threads == processors() and isa == "native" else 0.0
    return max(_multiply_adds(dtype, n_threads, isa), matrix_product)


def hiding(isa: str) -> str | None:
    """Return the library that, preloaded, hides more than this instruction set; None where that cannot be done."""
    library = _compiled("held.cpp", isa, ["-DBACKLIT_HIDE_AVX"] if isa == "baseline" else [])
    if library is None:
        return None
    program = "import ctypes; raise SystemExit(not ctypes.CDLL(None).hides())"
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"LD_PRELOAD": library}, check=False)
    return None if done.returncode else library


@cache
def _library(isa: str = "native") -> ctypes.CDLL | None:
    """Return the compiled loop, or None where there is no compiler."""
    library = _compiled("peak.cpp", isa, COMPILED_FOR[isa])
    if library is None:
        return None
    loaded = ctypes.CDLL(str(library))
    for name in ("multiply_add_float32", "multiply_add_float64", "multiply_add_and_store_float32"):
        function = getattr(loaded, name)
        function.argtypes, function.restype = [ctypes.c_long], ctypes.c_double
    return loaded


def _compiled(source: str, isa: str, flags: list[str]) -> str | None:
    library = HERE / "results" / f"{Path(source).stem}-{isa}.so"
    library.parent.mkdir(exist_ok=True)
    command = ["c++", "-O3", *flags, "-shared", "-fPIC", str(HERE / source), "-o", str(library)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return str(library)


def _multiply_adds(dtype: str, n_threads: int, isa: str) -> float:
    library = _library(isa)
    if library is None:
        return 0.0
    run = getattr(library, f"multiply_add_{dtype}")  # the interpreter's lock is released during the call
    best = 0.0
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in range(20):
            began = time.perf_counter()
            operations = sum(pool.map(run, [3_000_000] * n_threads))
            best = max(best, operations / (time.perf_counter() - began) / 1e9)
    return best


def store() -> float | None:
    """Return how many multiply-adds of float32 a store of a vector takes the place of; None without a compiler."""
    library = _library()
    if library is None:
        return None
    n, least = 300_000, {}
    for name in ["multiply_add_float32", "multiply_add_and_store_float32"] * 100:
        began = time.perf_counter()
        getattr(library, name)(n)
        least[name] = min(least.get(name, np.inf), time.perf_counter() - began)
    without, with_stores = least.values()
    return library.multiply_adds_a_store() * (with_stores / without - 1)


def bandwidth(n_threads: int) -> dict[int, float]:
    """Return GB/s that go to and from memory where vectors of so many bytes are read and written over and over."""
    found = {}
    for size in (2**power for power in range(20, 29, 2)):
        parts = np.array_split(np.ones(size // 4, dtype=np.float32), n_threads)
        turns = max(1, 2**26 // size)

        def run(part: np.ndarray, turns: int = turns) -> None:
            for _ in range(turns):
                np.multiply(part, np.float32(1), out=part)  # the interpreter's lock is released meanwhile

        best = 0.0
        with ThreadPoolExecutor(n_threads) as pool:
            for _ in range(6):
                began = time.perf_counter()
                list(pool.map(run, parts))
                best = max(best, 2 * size * turns / (time.perf_counter() - began) / 1e9)
        found[size] = best
    return found


def _matrix_product(dtype: str) -> float:
    a = np.random.default_rng(0).random((2048, 2048)).astype(dtype)
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        a @ a
        best = max(best, 2 * 2048**3 / (time.perf_counter() - began) / 1e9)
    return best
