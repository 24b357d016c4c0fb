"""Locks between processes, with real ones."""

from __future__ import annotations

import os
import subprocess
import sys

from backlit.persistence.locks import lock, still_locked, try_lock

HOLD = """
import os, sys
from backlit.persistence.locks import try_lock
assert try_lock(os.open(sys.argv[1], os.O_RDWR))
print("held", flush=True)
sys.stdin.read()
"""


def opened(path):
    return os.open(path, os.O_RDWR | os.O_CREAT)


def test_a_lock_is_held_until_its_process_is_killed(tmp_path):
    path = tmp_path / "file"
    mine = opened(path)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    assert not try_lock(mine)
    holder.kill()
    holder.communicate(timeout=30)
    assert try_lock(mine)
    os.close(mine)


def test_a_lock_outlives_its_descriptor_while_it_is_kept(tmp_path):
    one, other = opened(tmp_path / "file"), opened(tmp_path / "file")
    lock(one)
    with still_locked(one):
        os.close(one)
        assert not try_lock(other)
    assert try_lock(other)
    os.close(other)
