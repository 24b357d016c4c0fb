"""The pieces of a step: what each of the engine's kernels takes on one core, measured by `pieces.cpp`.

    python benchmarks/pieces.py          builds the program (a minute), measures, and saves beside the other results

It stands apart from `run.py`, because it builds the engine anew and looks at no peer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import bounds
import machine
import report
from cases import CASES, Case
from run import RESULTS

from backlit.engine.native import NativeEngine

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "pieces"
LANES = {"avx512": 16, "avx2": 8}  # of float32 in a vector


def build() -> Path:
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-DBACKLIT_PIECES=ON"], check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", BUILD, "--parallel", "2"], check=True, stdout=sys.stderr)
    return BUILD / "pieces"


def measure(program: Path, case: Case) -> dict[str, float]:
    """Return each piece's microseconds per step."""
    arguments = [
        ",".join(map(str, case.sizes)),
        ",".join(case.activations),
        case.loss,
        str(case.batch_size),
        case.optimizer,
        str(case.n_rows),
    ]
    done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
    pairs = (line.split("\t") for line in done.stdout.splitlines())
    return {name: float(microseconds) for name, microseconds in pairs}


def least(case: Case, peak: float, store: float | None) -> dict[str, float]:
    """Return the microseconds per step that such tiles need at least; a store costs `store` multiply-adds."""
    instruction_set = NativeEngine().instruction_set
    lanes = LANES.get(instruction_set, 4)
    a_multiply_add = 2e-3 * lanes / peak
    products = bounds.multiply_adds(case, lanes, halves=instruction_set == "avx512") * a_multiply_add
    found = {"the products alone, with their padding, at the peak": products}
    if store is not None:
        found["and the stores of the step beside them"] = products + bounds.stores(case, lanes) * store * a_multiply_add
    return found


def main() -> None:
    program = build()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(exist_ok=True)
    peak, store = machine.peak("float32", 1), machine.store()
    results["pieces"] = {
        "peak": peak,
        "store": store,
        "microseconds": {name: measure(program, case) for name, case in CASES.items()},
        "least": {name: least(case, peak, store) for name, case in CASES.items()},
    }
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False))
    print(report.pieces(results))


if __name__ == "__main__":
    main()
