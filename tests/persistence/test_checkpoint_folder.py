"""Checkpoints come and go in order; two runs cannot share a folder."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from test_checkpoint_file import checkpoint, network

from backlit.errors import CheckpointError, OutputError
from backlit.persistence.checkpoint_folder import CheckpointFolder, differences

SLOTS = ("m", "v")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def save(folder, *epochs, keep=3):
    with CheckpointFolder(folder, keep) as held:
        for epoch in epochs:
            held.save(epoch, checkpoint(), SLOTS)


def newest(folder, warn=lambda _: None, **run):
    with CheckpointFolder(folder) as held:
        return held.newest(checkpoint().run | run, network(9), SLOTS, warn)


@pytest.mark.parametrize("keep", [1, 2, 3, 5, 9])
def test_the_last_few_are_kept_in_order_of_their_numbers(keep, tmp_path):
    epochs = [1, 2, 9, 10, 11, 999_999, 1_000_000]
    for i in range(len(epochs)):
        save(tmp_path, epochs[i], keep=keep)
        with CheckpointFolder(tmp_path) as held:
            came = [path.name for path in held.files()]
        assert came == [f"epoch-{epoch:06d}.safetensors" for epoch in epochs[: i + 1][-keep:]]
    assert len(names(tmp_path)) == min(keep, len(epochs)), "the lock must be gone too"


def test_what_a_kill_left_undeleted_is_deleted_when_the_run_goes_on(tmp_path):
    save(tmp_path, 1, 2, 3, 4, 5, keep=5)
    (tmp_path / "epoch-000005.safetensors").write_bytes(b"damaged")
    assert newest(tmp_path) is not None  # keeps 3 that are good
    assert names(tmp_path) == [f"epoch-{epoch:06d}.safetensors" for epoch in (2, 3, 4, 5)]


def test_the_folder_is_made_and_other_files_in_it_stay(tmp_path):
    folder = tmp_path / "a" / "b"
    assert newest(folder) is None
    (folder / "notes.txt").touch()
    (folder / "epoch-1.safetensors").touch()
    save(folder, 1, 2, 3, 4)
    assert {"notes.txt", "epoch-1.safetensors"} < set(names(folder))
    assert newest(folder).state == {"epoch": 7}


def test_a_damaged_one_is_passed_over_and_said(tmp_path):
    save(tmp_path, 1, 2, 3)
    said = []
    for epoch, contents in ((3, b"not a checkpoint"), (2, b"")):
        (tmp_path / f"epoch-{epoch:06d}.safetensors").write_bytes(contents)
    assert newest(tmp_path, said.append) is not None
    assert ["000003" in said[0], "000002" in said[1], len(said)] == [True, True, 2]
    # once the run has gone on from the one before, they have had their time
    save(tmp_path, 2)
    assert names(tmp_path) == ["epoch-000001.safetensors", "epoch-000002.safetensors"]


def test_where_all_are_damaged_nothing_is_begun_anew_by_itself(tmp_path):
    save(tmp_path, 1, 2)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CheckpointError, match="None of the 2 checkpoints"):
        newest(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_another_run_is_refused_by_what_differs(tmp_path):
    save(tmp_path, 1)
    with pytest.raises(CheckpointError, match=r"another run: seed is 4 here, but was 3\. "):
        newest(tmp_path, seed=4)
    with pytest.raises(CheckpointError, match=r"penalty\.l2 is 0\.1 here, but was 0\.5"):
        newest(tmp_path, penalty={"l2": 0.1})
    with CheckpointFolder(tmp_path) as held, pytest.raises(CheckpointError, match=r"already.*epoch-000001"):
        held.refuse_if_used()


def test_differences_are_told_in_words():
    assert differences({"a": 1}, {"a": 1}) == ""
    assert differences({"a": 1}, {"b": 2}) == "b is 2 here, but was none; a is none here, but was 1"
    data = {"training data": {"rows": 3, "numbers": "sha256 ab"}}
    assert differences(data, {"training data": {"rows": 3, "numbers": "sha256 cd"}}) == (
        "training data.numbers are not the same"
    )


HOLD = """
import sys
from backlit.persistence.checkpoint_folder import CheckpointFolder
with CheckpointFolder(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_belongs_to_one_run_until_that_has_ended_however_it_ends(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(CheckpointError, match=rf"Another run \(process {holder.pid}\)"):
        newest(tmp_path)
    assert len(names(tmp_path)) == 1, "whoever was refused must not have taken the lock away"
    holder.kill()
    holder.communicate(timeout=30)
    assert newest(tmp_path) is None
    assert names(tmp_path) == []


def test_a_lock_that_was_let_go_while_it_was_opened_is_no_lock(tmp_path, monkeypatch):
    # between opening and locking, the run that held the folder ends and removes the file
    from backlit.persistence import checkpoint_folder as module

    real = module.try_lock

    def late(descriptor):
        monkeypatch.undo()
        (tmp_path / ".backlit-run").unlink()
        return real(descriptor)

    monkeypatch.setattr(module, "try_lock", late)
    with CheckpointFolder(tmp_path), pytest.raises(CheckpointError, match=f"process {os.getpid()}"):
        newest(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "file/below"):
        with pytest.raises(OutputError, match="Cannot make the folder"):
            newest(tmp_path / name)
