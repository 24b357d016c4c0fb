"""``python -m torch.distributed.run … -m backlit.distributed TRAIN-ARGUMENTS``: `backlit train`, with all processes."""

from __future__ import annotations

import sys

from backlit.cli import main

if __name__ == "__main__":
    sys.argv[1:] = ["train", *sys.argv[1:], "--launched"]
    main()
