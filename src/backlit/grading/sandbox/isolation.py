"""Walls around a student's program, put up from inside its process, before any of the student's code runs.

On Linux, in this order: namespaces of its own (processes, network, mounts), so that nobody outside can be seen, reached
or signaled, and so that everything it starts dies together; the whole file system read-only, but for a small one in
memory that is its working directory; limits on memory, processor time, processes and files; an unused user and no
privilege left; then, whether or not these were to be had, filters of access to files (`landlock`) and of system calls
(`seccomp`). What cannot be had is returned in words, for the report. See namespaces(7), mount_setattr(2),
capabilities(7) and prctl(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import signal
import sys

import numpy as np

from backlit.grading.sandbox.landlock import restrict_files
from backlit.grading.sandbox.libc import check, libc
from backlit.grading.sandbox.limits import Limits
from backlit.grading.sandbox.seccomp import filter_system_calls

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_BIND, _MS_PRIVATE = 2, 4, 16384, 4096, 1 << 18
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522

_MIB = 2**20
_LARGEST_FILES = 64 * _MIB
_OPEN_FILES = 64
_LIBRARIES = ("/usr", "/lib", "/lib64", "/bin", "/nix/store")
_SYSTEM = ("/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system/cpu")
_DEVICES = ("/dev/zero", "/dev/random", "/dev/urandom")


def enter_namespaces() -> tuple[set[str], list[str]]:
    """Leave the namespaces of the grader.

    Returns
    -------
    had : set of str
        Which of ``"pid"``, ``"mount"`` and ``"network"`` were entered.
    missing : list of str
        What could not be had, one sentence each.
    """
    if sys.platform != "linux":
        return set(), [
            "On this system the program could not be cut off from the network, nor from other processes of this user."
        ]
    uid, gid = os.getuid(), os.getgid()
    flags = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC
    try:
        check(libc().unshare(flags if uid == 0 else flags | _CLONE_NEWUSER))
    except OSError as error:
        return set(), [
            f"This system allows no namespaces here ({error.strerror}), so the program ran beside this machine's other "
            "processes, and only filters of files and system calls held it back."
        ]
    if uid != 0:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    try:
        check(libc().mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))  # nothing that is mounted here shows outside
    except OSError as error:
        return {"pid", "network"}, [f"The program could not be given a view of files of its own ({error.strerror})."]
    return {"pid", "mount", "network"}, []


def _write(path: str, text: str) -> None:
    with contextlib.suppress(OSError), open(path, "w") as file:
        file.write(text)


def close_file_system(directory: str) -> tuple[bool, list[str]]:
    """Make everything read-only, but for a file system in memory at a directory.

    Returns
    -------
    closed : bool
    missing : list of str
        What could not be had.
    """
    try:
        # root's own walls come later, so hands off what others mounted: an attribute, recursively, changes nothing else
        attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
        check(libc().syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, attributes, 32))
        options = f"size={_LARGEST_FILES},mode=0777".encode()
        check(libc().mount(b"tmpfs", directory.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, options))
    except OSError as error:
        return False, [f"The file system could not be made read-only for the program ({error.strerror})."]
    return True, []


def hide_processes() -> tuple[bool, list[str]]:
    """Show only the processes of this namespace, or where a container forbids that, none.

    Returns
    -------
    own : bool
        Whether ``/proc`` shows what the program may know.
    missing : list of str
        What could not be had.
    """
    for kind in (b"proc", b"tmpfs"):
        with contextlib.suppress(OSError):
            check(libc().mount(kind, b"/proc", kind, _MS_NOSUID | _MS_NODEV, None))
            return True, []
    return False, ["The list of this machine's processes could not be hidden from the program."]


def keep_libraries() -> None:
    """Import from Python's own folders and from installed packages from now on, and from nowhere else.

    Where the grader was started may lie on its import path too, and the solutions may lie there.
    """
    prefixes = tuple(os.path.join(prefix, "") for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix})
    installed = ("site-packages", "dist-packages")
    of_numpy = os.path.dirname(os.path.dirname(np.__file__))
    sys.path[:] = [
        entry
        for entry in sys.path
        if entry.startswith(prefixes) or os.path.basename(entry) in installed or entry == of_numpy
    ]


def open_libraries(directory: str | None) -> None:
    """Let an unprivileged user read the Python libraries, even where they lie in a home that is closed to it.

    Parameters
    ----------
    directory : str, optional
        A folder in a view of files of this process's own, where they are mounted once more. None: there is no such
        view. They are then reached through open descriptors, for which it does not matter what lies above. Since the
        way up from there is open too, that is only for a process whose files Landlock will restrict.
    """
    moved: dict[str, str] = {}
    for path in [*sys.path, sys.base_prefix]:
        if path in moved or not os.path.isdir(path) or _is_open(path):
            continue
        if directory is None:
            moved[path] = f"/proc/self/fd/{os.open(path, os.O_PATH | os.O_DIRECTORY)}"
            continue
        target = moved[path] = os.path.join(directory, f".library{len(moved)}")
        os.mkdir(target)
        check(libc().mount(path.encode(), target.encode(), None, _MS_BIND | _MS_REC, None))
        attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
        check(libc().syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, target.encode(), _AT_RECURSIVE, attributes, 32))
    sys.path[:] = [moved.get(path, path) for path in sys.path]
    for module in list(sys.modules.values()):
        places = getattr(module, "__path__", None)
        if isinstance(places, list):
            for old in sorted(moved, key=len, reverse=True):
                places[:] = [moved[old] + place[len(old) :] if place.startswith(old) else place for place in places]
    sys.path_importer_cache.clear()


def _is_open(path: str) -> bool:
    """Whether everybody may enter a directory."""
    while True:
        if not os.stat(path).st_mode & 0o001:
            return False
        parent = os.path.dirname(path)
        if parent == path:
            return True
        path = parent


def close_memory() -> None:
    """Keep other processes of this user from reading and writing this one's memory."""
    if sys.platform == "linux":
        libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent() -> None:
    """Ask to be killed when the parent process ends."""
    if sys.platform == "linux":
        libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of all descendants whose own parent ends, so that none is lost."""
    if sys.platform == "linux":
        libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def limit_resources(limits: Limits, *, per_user: bool) -> list[str]:
    """Limit this process and its children. Return what could not be had.

    Parameters
    ----------
    limits : Limits
    per_user : bool
        Whether the user has other processes, which the kernel counts too.
    """
    try:
        import resource
    except ImportError:
        return ["This system knows no limits on the memory of a process; only its time and output were limited."]
    missing = []
    others = _count_threads(os.getuid()) if per_user else 0
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": int(limits.total_time) + 1,
        "RLIMIT_FSIZE": _LARGEST_FILES,
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_NPROC": limits.processes + others,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_AS": limits.memory * _MIB + _address_space(),
    }
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is None:
            continue
        try:
            resource.setrlimit(number, (value, value))
        except (OSError, ValueError):
            missing.append(f"The limit {name} could not be set.")
    return missing


def _address_space() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1024 * _MIB


def _count_threads(uid: int) -> int:
    count = 0
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else []):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == uid:
                count += len(os.listdir(f"/proc/{pid}/task"))
    return count


def libraries_are_readable() -> bool:
    """Whether the present user can import what Python and NumPy have not loaded yet."""
    sys.path_importer_cache.clear()
    return importlib.util.find_spec("this") is not None and os.access(next(iter(np.__path__)), os.R_OK | os.X_OK)


def drop_privileges(uid: int | None) -> None:
    """Become an unprivileged user, for good.

    Parameters
    ----------
    uid : int, optional
        User to become. None: stay who one is, without any capability.
    """
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if sys.platform == "linux":
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        check(libc().capset(header, (ctypes.c_uint32 * 6)()))
        check(libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    close_memory()  # which becoming another user may have opened


def filter_access(*, may_write: bool, own_processes: bool) -> list[str]:
    """Filter access to files and system calls, for good. Return what could not be had.

    Parameters
    ----------
    may_write : bool
        Whether the working directory is a file system of its own, which cannot fill the disk.
    own_processes : bool
        Whether ``/proc`` shows the processes of this namespace alone.
    """
    reading = [*_LIBRARIES, *_SYSTEM, *_DEVICES, *sys.path, sys.prefix, sys.base_prefix, "."]
    if own_processes:
        reading.append("/proc")
    missing = restrict_files(reading, [os.devnull, *(["."] if may_write else [])])
    if missing and not may_write:
        missing.append("It could also write what its user may, and fill the disk.")
    return missing + filter_system_calls()
