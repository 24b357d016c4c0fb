#!/usr/bin/env bash
# What Ray starts runs at nice 15: beside any other work on the machine it gets next to none of a processor.
#
# One would guess: a task, an actor or a training worker of Ray has the priority of the program that started Ray, and
# shares a processor with other programs by halves.
# What happens: every worker is at niceness 15, unless RAY_worker_niceness says otherwise; the driver stays at its own.
# The scheduler of Linux gives niceness 15 about a thirtieth of what it gives niceness 0 on the same core.
# Why it matters: on a laptop, or a node that others use too, training by Ray stands still where the same loop in a
# plain process would have half of the core. A comparison of both measures the priority, and not Ray; and whoever waits
# a fixed time for workers to come up, as gloo's rendezvous does, gives up on a busy machine.
# Seen in: ray 2.60.0, waiting for workers of Ray Train on two busy cores.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq ray==2.60.0
cd "$work"
export RAY_USAGE_STATS_ENABLED=0 RAY_TMPDIR="$work/ray" HOME="$work"
mkdir -p "$work/ray"
"$work/python/bin/python" - <<'PY'
import logging
import os

import ray


def niceness() -> int:
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    found = ray.get(ray.remote(lambda: os.nice(0)).remote())
    ray.shutdown()
    return found


mine, by_default = os.nice(0), niceness()
os.environ["RAY_worker_niceness"] = "0"
as_told = niceness()

print("version:  ray", ray.__version__)
print("belief:   a worker has the priority of the program that started Ray")
print("behavior: it gives way to everything else")
print("niceness of the driver:", mine)
print("of a worker:           ", by_default)
print("with RAY_worker_niceness=0:", as_told)

assert by_default == 15 and as_told == mine == 0
PY
