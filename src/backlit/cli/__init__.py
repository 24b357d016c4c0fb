"""The command `backlit`: one file per command, each of which parses, calls and prints.

Heavy imports stand inside the commands, so that ``backlit --help`` is quick. Results go to standard output; progress
and remarks go to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

from backlit.cli.app import main

__all__ = ["main"]
