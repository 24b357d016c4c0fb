"""Files appear whole or not at all, whatever goes wrong. All with real files and real failures."""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import needs
from backlit.errors import DataError, OutputError
from backlit.persistence import atomic, atomic_write, check_writable
from backlit.persistence.atomic import remove_abandoned
from backlit.persistence.locks import lock

OLD = b"the old contents"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.write_bytes(OLD)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, env=environment, stderr=subprocess.PIPE, timeout=60, **options)


def test_a_new_file_holds_what_was_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "new") as file:
        file.write(b"one ")
        assert not (tmp_path / "new").exists()
        file.write(b"two")
    assert (tmp_path / "new").read_bytes() == b"one two"
    assert names_in(tmp_path) == ["new"]


def test_an_old_file_is_replaced_in_one_step(old: Path) -> None:
    with old.open("rb") as reader:
        with atomic_write(str(old)) as file:
            file.write(b"new")
            file.flush()
            assert old.read_bytes() == OLD
        assert reader.read() == OLD
    assert old.read_bytes() == b"new"


def test_a_relative_path_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_writable("model")
    with atomic_write("model") as file:
        file.write(b"new")
    assert names_in(tmp_path) == ["model"]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit, ZeroDivisionError, DataError])
def test_an_exception_leaves_the_old_file_alone(old: Path, exception: type[BaseException]) -> None:
    with pytest.raises(exception), atomic_write(old) as file:
        file.write(b"half of the n")
        raise exception
    assert old.read_bytes() == OLD
    assert names_in(old.parent) == ["model"]


def test_an_error_about_another_file_is_not_blamed_on_this_one(old: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing-here") as caught, atomic_write(old):
        (tmp_path / "nothing-here").read_bytes()
    assert not isinstance(caught.value, OutputError)
    assert names_in(tmp_path) == ["model"]


def test_writes_within_a_write_report_the_inner_one(old: Path, tmp_path: Path) -> None:
    inner = tmp_path / "missing" / "x"
    with pytest.raises(OutputError, match="missing") as caught, atomic_write(old), atomic_write(inner):
        pass
    assert str(inner) in str(caught.value)
    assert old.read_bytes() == OLD


WRITE = """
import resource, sys
from backlit.errors import OutputError
from backlit.persistence import atomic_write
size, limit = int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # Python ignores SIGXFSZ: writing on fails with EFBIG
try:
    with atomic_write(sys.argv[1]) as file:
        for _ in range(10):
            file.write(b"x" * (size // 10))
except OutputError as error:
    assert sys.argv[1] in str(error) and "too large" in str(error) and "ulimit" in str(error), error
    sys.exit(3)
"""


# small: all of it waits in the buffer until the end; large: writing itself fails
@pytest.mark.parametrize("size", [1000, 1_000_000])
def test_a_file_that_outgrows_the_limit(old: Path, size: int) -> None:
    result = run(WRITE, old, size, size // 2)
    assert result.returncode == 3, result.stderr.decode()
    assert old.read_bytes() == OLD
    assert names_in(old.parent) == ["model"]


def test_the_limit_is_what_stops_it(old: Path) -> None:
    assert run(WRITE, old, 1000, 1000).returncode == 0
    assert old.read_bytes() == b"x" * 1000


SMALL_DISK = """
import errno, sys
from pathlib import Path
from backlit.errors import OutputError
from backlit.persistence import atomic_write
model = Path(sys.argv[1]) / "model"
model.write_bytes(b"old")
try:
    with atomic_write(model) as file:
        file.write(b"x" * 200_000)
except OutputError as error:
    assert error.errno == errno.ENOSPC and "Free some space" in str(error), error
    assert model.read_bytes() == b"old" and list(model.parent.iterdir()) == [model]
    sys.exit(3)
"""


@pytest.mark.needs("small disks")
def test_a_full_disk(tmp_path: Path) -> None:
    mounted = "mount -t tmpfs -o size=64k none " + str(tmp_path)
    in_namespace = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CODE": SMALL_DISK, "PY": sys.executable}
    command = [*in_namespace, f'{mounted} && exec "$PY" -c "$CODE" {tmp_path}']
    result = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert result.returncode == 3, result.stderr.decode()


IMPOSSIBLE = {
    "folder": ("", errno.EISDIR, "it is a folder|is a directory"),
    "missing folder": ("missing/x", errno.ENOENT, r"no folder '.*missing'. Create it"),
    "below a file": ("file/x", errno.ENOTDIR, "part of the path is a file"),
    "folder that is not there": ("new/", errno.EISDIR, "Give the name of a file"),
    "dot": (".", errno.EISDIR, "Give the name of a file"),
    "ring of links": ("ring", errno.ELOOP, "levels of symbolic links"),
    "link into a missing folder": ("astray", errno.ENOENT, r"no folder '.*nowhere'"),
    "name too long": ("x" * 256, errno.ENAMETOOLONG, "shorter name"),
    "NUL": ("a\0b", errno.EINVAL, "NUL"),
}


@pytest.mark.parametrize(
    "action", [check_writable, lambda path: atomic_write(path).__enter__()], ids=["check", "write"]
)
@pytest.mark.parametrize(("tail", "number", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_places_that_cannot_be_written(tmp_path: Path, action, tail: str, number: int, message: str) -> None:
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "ring").symlink_to("ring")
    (tmp_path / "astray").symlink_to("nowhere/x")
    before = names_in(tmp_path)
    path = f"{tmp_path}/{tail}"
    with pytest.raises(OutputError, match=f"(?i){message}") as caught:
        action(path)
    assert repr(path) in str(caught.value)
    assert caught.value.errno == number
    assert names_in(tmp_path) == before
    assert (tmp_path / "file").read_bytes() == OLD


@pytest.mark.parametrize(
    "action", [check_writable, lambda path: atomic_write(path).__enter__()], ids=["check", "write"]
)
def test_an_empty_path(action) -> None:
    with pytest.raises(OutputError, match="empty"):
        action("")


@pytest.mark.needs("/proc")  # where no file can be made
def test_a_folder_in_which_nothing_can_be_made() -> None:
    with pytest.raises(OutputError, match="Cannot write '/proc/model'"):
        check_writable("/proc/model")


@pytest.mark.needs("no root")
def test_a_read_only_file_stays(old: Path) -> None:
    old.chmod(0o444)
    with pytest.raises(OutputError, match=r"ermission denied.*permissions"):
        check_writable(old)
    with pytest.raises(OutputError), atomic_write(old) as file:
        file.write(b"new")
    assert old.read_bytes() == OLD


def test_check_writable_leaves_nothing_behind_and_changes_nothing(old: Path) -> None:
    before = old.stat()
    check_writable(old)
    check_writable(old.parent / "new")
    assert names_in(old.parent) == ["model"]
    assert (old.stat().st_ino, old.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("umask", [0o077, *(pytest.param(mask, marks=pytest.mark.thorough) for mask in (0o022, 0o002))])
def test_a_new_file_follows_the_umask(tmp_path: Path, umask: int) -> None:
    code = "import os, sys; os.umask(int(sys.argv[2]))\nfrom backlit.persistence import atomic_write\n"
    assert run(code + "with atomic_write(sys.argv[1]): pass", tmp_path / "new", umask).returncode == 0
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_the_permissions_of_an_old_file_are_kept(old: Path, mode: int) -> None:
    old.chmod(mode)
    with atomic_write(old) as file:
        file.write(b"new")
        hidden = next(path for path in old.parent.iterdir() if path != old)
        assert hidden.name.startswith(".")
        assert stat.S_IMODE(hidden.stat().st_mode) == mode
    assert stat.S_IMODE(old.stat().st_mode) == mode


@pytest.mark.needs("root")
def test_the_owner_of_an_old_file_is_kept(old: Path) -> None:
    os.chown(old, 1234, 2345)
    with atomic_write(old) as file:
        file.write(b"new")
    assert (old.stat().st_uid, old.stat().st_gid) == (1234, 2345)


def test_a_symbolic_link_stays_and_its_target_is_replaced(old: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "link"
    link.symlink_to("../model")
    check_writable(link)
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert old.read_bytes() == b"new"
    assert names_in(folder) == ["link"]


def test_a_dangling_link_gets_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_text_wrapper_may_close_the_file(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "table.csv") as file, io.TextIOWrapper(file, encoding="utf-8") as text:
        text.write("σ(z)\n")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == "σ(z)\n"


def device(tmp_path: Path, name: str, minor: int) -> Path:
    """Return a memory device. Root gets one of its own: a bug must not replace the system's."""
    needs.require("devices")
    if not needs.ROOT:
        return Path("/dev", name)
    path = tmp_path / name
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    return path


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Return /dev/full or its like: a device that has no space left."""
    return device(tmp_path, "full", 7)


@pytest.fixture
def null(tmp_path: Path) -> Path:
    """Return /dev/null or its like."""
    return device(tmp_path, "null", 3)


# small: the error comes when the buffer is flushed; large: while writing
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_full_device(full: Path, size: int) -> None:
    check_writable(full)
    message = rf"Cannot write '{full}': no space left.*Free some space"
    with pytest.raises(OutputError, match=message) as caught, atomic_write(full) as file:
        file.write(b"x" * size)
    assert caught.value.errno == errno.ENOSPC
    assert full.is_char_device()


def test_ctrl_c_is_not_hidden_by_a_full_device(full: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_write(full) as file:
        file.write(b"x")
        raise KeyboardInterrupt


def test_a_device_is_written_not_replaced(null: Path) -> None:
    check_writable(null)
    with atomic_write(null) as file:
        file.write(b"x")
    assert null.is_char_device()


def test_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)  # must neither wait for a reader nor end the pipe for one
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with atomic_write(pipe) as file:
        file.write(b"through")
    reader.join(10)
    assert received == [b"through"]
    assert pipe.is_fifo()


TO_STDOUT = """
import sys
from backlit.persistence import atomic, atomic_write, check_writable
from backlit.persistence.atomic import remove_abandoned
from backlit.persistence.locks import lock
check_writable(sys.argv[1])
with atomic_write(sys.argv[1]) as file:
    file.write(b"first ")
with atomic_write(sys.argv[1]) as file:
    file.write(b"second")
"""


# Links of our own that are made like /dev/stdout and /dev/fd, so that a bug cannot replace the system's.
@pytest.mark.needs("/proc")
@pytest.mark.parametrize(
    "tail", ["out", *(pytest.param(tail, marks=pytest.mark.thorough) for tail in ("stdout", "fd/1"))]
)
def test_standard_output_into_a_pipe_or_a_file(old: Path, tail: str) -> None:
    (old.parent / "stdout").symlink_to("/proc/self/fd/1")
    (old.parent / "fd").symlink_to("/proc/self/fd")
    (old.parent / "out").symlink_to("stdout")
    name = old.parent / tail
    piped = run(TO_STDOUT, name, stdout=subprocess.PIPE)
    assert piped.stdout == b"first second", piped.stderr.decode()
    # like ">> model" in a shell: the file is the shell's, and is continued
    with old.open("ab") as log:
        assert run(TO_STDOUT, name, stdout=log).returncode == 0
    assert old.read_bytes() == OLD + b"first second"


def test_many_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    def write(letter: bytes) -> None:
        for _ in range(20):
            with atomic_write(tmp_path / "model") as file:
                file.write(letter * 50_000)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (tmp_path / "model").read_bytes() in [letter * 50_000 for letter in (b"a", b"b", b"c")]
    assert names_in(tmp_path) == ["model"]


KILLED = """
import os, signal, sys
from backlit.persistence import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"x" * 100_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_the_old_file_alone(old: Path) -> None:
    assert run(KILLED, old).returncode == -9
    assert old.read_bytes() == OLD


@pytest.mark.needs("strace")
def test_the_bytes_are_on_disk_before_the_name_is_theirs(old: Path) -> None:
    code = (
        "import sys\nfrom backlit.persistence import atomic_write\nwith atomic_write(sys.argv[1]) as f: f.write(b'x')"
    )
    trace = old.parent / "trace"
    command = ["strace", "-o", str(trace), "-e", "trace=fsync,rename,renameat,renameat2", sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([*command, str(old)], env=environment, check=True, capture_output=True)
    calls = [line.split("(")[0] for line in trace.read_text().splitlines() if "(" in line]
    assert [call[:6] for call in calls] == ["fsync", "rename", "fsync"]


KILLED = """
import os, signal, sys
from backlit.persistence import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next_write(old: Path) -> None:
    assert run(KILLED, old).returncode == -signal.SIGKILL
    assert len(names_in(old.parent)) == 2, "the process must have left its hidden file, or this tests nothing"
    assert old.read_bytes() == OLD
    with atomic_write(old.parent / "another") as file:
        file.write(b"new")
    assert names_in(old.parent) == ["another", "model"]


def test_what_somebody_is_still_writing_is_left_alone(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "slow") as slow:
        slow.write(b"slow")
        with atomic_write(tmp_path / "quick") as quick:
            quick.write(b"quick")
        remove_abandoned(tmp_path)
    assert (tmp_path / "slow").read_bytes() == b"slow"
    assert names_in(tmp_path) == ["quick", "slow"]


def test_other_hidden_files_are_left_alone(tmp_path: Path) -> None:
    names = [".backlit-notes.tmp", ".backlit-0123456789abcdef", "x.backlit-0123456789abcdef.tmp", ".other.tmp"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".backlit-0123456789abcdef.tmp").mkdir()
    remove_abandoned(tmp_path)
    assert names_in(tmp_path) == sorted([*names, ".backlit-0123456789abcdef.tmp"])


def test_a_file_that_was_thought_abandoned_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # somebody removes it after it was made and before it was locked
    def too_late(descriptor: int) -> None:
        monkeypatch.undo()
        remove_abandoned(tmp_path)
        lock(descriptor)

    monkeypatch.setattr(atomic, "lock", too_late)
    with atomic_write(tmp_path / "new") as file:
        assert len(names_in(tmp_path)) == 1
        file.write(b"all of it")
    assert (tmp_path / "new").read_bytes() == b"all of it"
    assert names_in(tmp_path) == ["new"]
