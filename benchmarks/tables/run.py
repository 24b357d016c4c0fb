"""Measure models of tables side by side: backlit's, scikit-learn's, three of boosting, RealMLP and TabM.

    make bench-tables                    everybody on every set, five seeds: many hours, nearly all of them the peers'
    make bench-tables-quick              one seed, two sets, those that take seconds
    make bench-tables ARGS="--sets adult,letter --contestants backlit,lightgbm --seeds 0,1"
    make bench-tables ARGS="--choose --contestants tabular,tabular-with-embedding"     scores on validation rows
    make bench-tables ARGS=--write-docs  puts the saved results into docs/tabular.md, measures nothing

Everybody gets the same rows (`split.py`) and is scored by the same lines (`scoring.py`), each fit in a process of its
own (`one_fit.py`). Results are appended to a file as they come, and what is there is not measured again, so that a run
may be stopped and goes on, and a later one extends it: the files are part of the repository. ``--again`` measures those
named anew, and their later lines count. What a preset has is
chosen by ``--choose``, for which nobody sees a row of the test.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from contestants import CONTESTANTS
from measuring import measure
from records import Key, append, read_records
from sets import SETS, data_folder
from shared import write_into
from split import SEEDS
from summary import Before, sections

HERE = Path(__file__).parent
RESULTS, CHOICES, BEFORE = (
    HERE.parent / "results" / name for name in ("tables.jsonl", "choices.jsonl", "tables_before.json")
)
PAGE = HERE.parents[1] / "docs" / "tabular.md"
QUICK_SETS, QUICK_SEEDS = ("california", "adult"), (0,)
BEGAN = time.monotonic()


def say(message: str) -> None:
    print(f"[{time.monotonic() - BEGAN:5.0f} s] {message}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, two sets, contestants that take seconds")
    parser.add_argument("--sets", help=f"of {','.join(SETS)}")
    parser.add_argument("--contestants", help=f"of {','.join(CONTESTANTS)}")
    parser.add_argument("--seeds", help=f"default: {','.join(map(str, SEEDS))}")
    parser.add_argument("--threads", type=int, default=2, help="of each contestant; default: %(default)s")
    parser.add_argument("--data", type=Path, default=data_folder(), help="the folder of the sets; default: %(default)s")
    parser.add_argument("--choose", action="store_true", help="score on validation rows, and train on fewer")
    parser.add_argument("--out", type=Path, help=f"where results are kept; default: {RESULTS}, or {CHOICES}")
    parser.add_argument("--again", default="", help="contestants to measure anew though there are results")
    parser.add_argument("--write-docs", action="store_true", help="write saved results into docs/tabular.md")
    arguments = parser.parse_args()
    if arguments.write_docs:
        write_into(PAGE, sections(read_records(arguments.out or RESULTS), Before(**json.loads(BEFORE.read_text()))))
        return
    out = arguments.out or (CHOICES if arguments.choose else RESULTS)
    quick = arguments.quick
    sets = _chosen(arguments.sets, SETS, QUICK_SETS if quick else tuple(SETS))
    small = tuple(key for key, contestant in CONTESTANTS.items() if contestant.is_small)
    names = _chosen(arguments.contestants, CONTESTANTS, small if quick else tuple(CONTESTANTS))
    seeds = [int(seed) for seed in arguments.seeds.split(",")] if arguments.seeds else QUICK_SEEDS if quick else SEEDS
    if not arguments.data.is_dir():
        raise SystemExit(f"There is no folder {arguments.data}. Say with --data where the sets are.")
    # a contestant is through before the next begins: those that take hours stand last
    keys = [
        Key(name, contestant, seed, arguments.threads)
        for contestant in names
        for name in sets
        if CONTESTANTS[contestant].task in ("", SETS[name][2])
        for seed in seeds
    ]
    done = {key for key, record in read_records(out).items() if "scores" in record}
    again = _chosen(arguments.again, CONTESTANTS, ())
    for i, key in enumerate(keys):
        if key in done and key.contestant not in again:
            continue
        record = measure(key, arguments.data, arguments.choose)
        append(out, record)
        say(f"{i + 1} of {len(keys)}: {key}: {record.get('failed') or record['scores']}")
    print("\n\n".join(sections(read_records(out)).values()))


def _chosen(text: str | None, known: dict[str, object], default: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(text.split(",")) if text else default
    for name in names:
        if name not in known:
            raise SystemExit(f"There is no {name!r}. There are: {', '.join(known)}.")
    return names


if __name__ == "__main__":
    main()
