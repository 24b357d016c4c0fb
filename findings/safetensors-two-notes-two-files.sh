#!/usr/bin/env bash
# safetensors writes the same tensors and the same metadata to another file each time, once there are two notes in it.
#
# One would guess: a format without time stamps, whose header is a JSON text, gives equal bytes for equal contents. The
# tensors are sorted, whatever order the dict has; the notes under "__metadata__" are sorted too, or stay as given.
# What happens: the tensors are sorted. The notes go through a hash map that is seeded anew in each call, so that their
# order in the header is drawn by chance. Files without notes, or with one, are the same every time; with eight notes no
# two are, in one process or in several, and PYTHONHASHSEED has no part in it.
# Why it matters: a hash of the file is how one tells whether two trained networks are the same, whether a release was
# built from its sources, and whether a cache or a store of large files needs a new copy. A test with one note, which
# is what most files have ("format": "pt"), says that all is well.
# Seen in: safetensors 0.8.0, comparing model files by their hashes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq safetensors==0.8.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import json
from hashlib import sha256
from importlib.metadata import version

import numpy as np
from safetensors.numpy import save

print("version:  safetensors", version("safetensors"))
print("belief:   equal tensors and equal notes are equal bytes")
print("behavior: the order of the notes is drawn anew each time")
tensors = {f"layer{i}": np.full(4, i, np.float32) for i in range(8)}
backwards = dict(reversed(tensors.items()))
files = {}
for count in (0, 1, 8):
    notes = {f"note{i}": "x" for i in range(count)}
    made = [save(which, metadata=notes or None) for which in (tensors, backwards) for _ in range(20)]
    files[count] = len({sha256(bytes(one)).hexdigest() for one in made})
    header = json.loads(made[0][8 : 8 + int.from_bytes(made[0][:8], "little")])
    print(f"{count} notes: {files[count]} different files of 40; notes of the first in this order: {list(header.get('__metadata__', {}))}")
assert files[0] == files[1] == 1 and files[8] > 10
PY
