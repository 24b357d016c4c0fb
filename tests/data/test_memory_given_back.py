import os
import subprocess
import sys

import pytest

OURS, OF_POLARS = "dirty_decay_ms:50,muzzy_decay_ms:0", "dirty_decay_ms:500,muzzy_decay_ms:1000"
CODE = "import os, backlit.data.stream.memory; print(os.environ['_RJEM_MALLOC_CONF'])"


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ("", OURS),
        (OF_POLARS, OURS),
        (f"{OF_POLARS},{OF_POLARS}", OURS),
        ("dirty_decay_ms:7", "dirty_decay_ms:7"),
        (f"{OF_POLARS},dirty_decay_ms:7", "dirty_decay_ms:7"),
    ],
)
def test_what_polars_left_for_its_children_is_nobodys_wish(found, asked):
    environment = os.environ | {"_RJEM_MALLOC_CONF": found}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    # polars, which is loaded behind, puts its own before it; of two the last counts
    assert done.stdout.strip().endswith(asked)
