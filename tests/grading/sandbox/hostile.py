# ruff: noqa: PTH101, PTH123, PTH208
"""A student's file of functions that try to get away with something; `test_walls` calls them one after another."""

import builtins
import contextlib
import ctypes
import json
import mmap
import os
import socket
import sys
import threading
import time

import numpy as np

PAIRS = [(1, 0), (2, 1)]
LIBC = ctypes.CDLL(None, use_errno=True)


def harmless():
    return np.float64(1.0)


def loops():
    while True:
        pass


def exits():
    exit()


def exits_at_once():
    os._exit(0)


def prints():
    while True:
        print("x" * 1000)


def forks():
    while True:
        with contextlib.suppress(OSError):
            os.fork()


def forks_apart():
    """Leaves a process of its own session, whose parent has ended, that goes on working."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(300)
        os._exit(0)
    return 5


def takes_memory():
    return np.ones(10 * 2**27)


def shares_memory():
    for _ in range(12):
        if os.fork() == 0:
            shared = mmap.mmap(-1, 100 * 2**20)
            for _ in range(100):
                shared.write(bytes(2**20))
            time.sleep(60)
    time.sleep(60)


def shares_memory_without_a_name():
    held = []
    for i in range(30):
        file = os.memfd_create(str(i))
        os.write(file, bytes(2**20))
        held.append(file)


def shares_memory_by_key():
    key = LIBC.shmget(0, 50 * 2**20, 0o1666)
    if key == -1:
        raise OSError(ctypes.get_errno(), "shmget")
    return key


def becomes_root_of_its_own():
    flags = 0x10000000 | 0x00020000  # a user and a mount namespace, in which memory is a file system away
    if LIBC.unshare(flags) == 0:
        return "namespaces of its own"
    child = LIBC.syscall({"x86_64": 56, "aarch64": 220}[os.uname().machine], flags | 17, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    if child > 0:
        return "a child with namespaces of its own"
    raise PermissionError(ctypes.get_errno(), "refused")


def tampers():
    np.dot = lambda *args: 42
    np.allclose = lambda *args, **kwargs: True
    json.dumps = lambda *args, **kwargs: "nonsense"
    builtins.len = lambda x: 3
    sys.stdout.close()
    return 1.0


def reads(path):
    with open(path) as file:
        return file.read()


def reads_memory(pid):
    for name in ("environ", "mem", "fd"):
        with contextlib.suppress(OSError):
            entry = f"/proc/{pid}/{name}"
            return str(os.listdir(entry) if name == "fd" else open(entry, "rb"))
    raise PermissionError("nothing of it could be read")


def writes(path):
    with open(path, "w") as file:
        file.write("gone")


def fills_the_disk():
    for i in range(100):
        with open(f"big{i}", "wb") as file:
            for _ in range(8):
                file.write(bytes(8 * 2**20))
    return "6 GB"


def changes_mode(path):
    os.chmod(path, 0o777)


def connects(port):
    socket.create_connection(("127.0.0.1", port), timeout=1)


def connects_a_pair(port):
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.connect("/dev/log")


def connects_by_ring():
    ring = LIBC.syscall(425, 8, ctypes.create_string_buffer(120))
    if ring == -1:
        raise OSError(ctypes.get_errno(), "io_uring")
    return ring


def kills(pids):
    for pid in [*pids, os.getppid(), 0, -1]:
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.kill(pid, 9)
            return f"killed {pid}"
    raise PermissionError("nobody could be killed")


def starves(pid):
    import resource

    with contextlib.suppress(PermissionError, ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_CPU, (0, 0))
        return "limited"
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.sched_setaffinity(pid, {0})
        return "confined"
    raise PermissionError("nothing could be done to it")


def signals_by_file(pid):
    import fcntl

    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, pid)
    fcntl.fcntl(reading, 10, 9)  # F_SETSIG: the news is to be SIGKILL
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC)
    os.write(writing, b"x")
    return "signaled"


def starts_threads():
    threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one, other = socket.socketpair()
    one.send(b"x")
    return other.recv(1) == b"x" and bool(np.linalg.norm(np.fft.fft(np.ones(4)))) and __import__("this") is not None
