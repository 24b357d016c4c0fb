#!/usr/bin/env bash
# Importing polars changes the memory of programs that the process starts later, and more of the variable each time.
#
# One would guess: a library reads environment variables, and what it sets for its own allocator stays in its process.
# What happens: on import polars writes _RJEM_MALLOC_CONF into os.environ, so that every child process inherits it: a
# child that would set it where it is unset finds it set. And as polars puts its own text before whatever is there, the
# text is longer by itself with each generation of processes that import it.
# Why it matters: workers, trials and folds are processes of processes. A program that asks the allocator to give memory
# back soon, as one does before a table is read in pieces, is heard when it is started from a shell, and not from a
# notebook or a launcher that has imported polars; and a measurement of memory depends on who starts it (208 to 216 MiB
# in place of 184 to 190, for one training on flights).
# Seen in: polars 2.1.0, measuring peaks of memory in processes that a test starts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq polars==2.1.0
cd "$work"
cat > generation.py <<'PY'
import os
import subprocess
import sys

found = os.environ.get("_RJEM_MALLOC_CONF")
import polars

left = int(sys.argv[1])
print(f"generation {3 - left} found {found!r}")
if left == 3:
    print("its polars is", polars.__version__)
if left > 1:
    subprocess.run([sys.executable, __file__, str(left - 1)], check=True)
PY
echo "belief:   what polars sets for its allocator stays in its process"
echo "behavior: children find it in their environment, longer with each generation"
env --unset=_RJEM_MALLOC_CONF "$work/python/bin/python" -u generation.py 3 | tee said
own='dirty_decay_ms:500,muzzy_decay_ms:1000'
grep --quiet "its polars is 2.1.0" said
grep --quiet "generation 0 found None" said
grep --quiet "generation 1 found '$own'" said
grep --quiet "generation 2 found '$own,$own'" said
