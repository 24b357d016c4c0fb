"""A filter of system calls: what no homework needs, and what would reach beyond the walls.

It stands where there are no namespaces, and behind them where there are: no socket that could leave the machine, no
signal to another process, no memory that nobody counts, no namespace of the program's own in which it would be root.
The filter is a program for the kernel's packet filter; see seccomp(2) and the kernel's ``seccomp_filter`` page.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Sequence

from backlit.grading.sandbox.libc import check, libc

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _PR_SET_NO_NEW_PRIVS = 22, 2, 38
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _MASK, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000  # the latter or-ed with an errno
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x40000000  # numbers of a second set of calls on x86-64, which the table below does not know

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# name → number on x86-64 and on Arm; None where the machine has no such call
_CALLS: dict[str, tuple[int | None, int | None]] = {
    # the network, and other processes' sockets; a pair of sockets of one's own stays
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    # memory that belongs to no process
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "fsopen": (430, 430),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "mount_setattr": (442, 442),
    # modes of files, which Landlock does not guard
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    # doors into the kernel
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # looked at more closely below
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "fcntl": (72, 25),
    "socketpair": (53, 199),
    "clone": (56, 220),
    "clone3": (435, 435),
}
_SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
_SETTINGS_OF_PROCESSES = ("prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr")
_LOOKED_AT = (*_SIGNALS, *_SETTINGS_OF_PROCESSES, "fcntl", "socketpair", "clone", "clone3")

_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15  # a file's news would be any signal to any process of this user
_CLONE_NEW = 0x7E020000
_SOCK_STREAM, _SOCKET_TYPES = 1, 0xF

_Instruction = tuple[int, int, int, int]


def _refuse(error: int = errno.EPERM) -> _Instruction:
    return (_RETURN, 0, 0, _REFUSE | error)


_LET: _Instruction = (_RETURN, 0, 0, _ALLOW)


def _when(number: int, body: Sequence[_Instruction]) -> list[_Instruction]:
    """Run `body`, which must return on every path, for one system call."""
    return [(_EQUAL, 0, len(body), number), *body]


def _argument(i: int) -> _Instruction:
    return (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * i)  # its lower half, which holds all of an int


def _if_among(values: Sequence[int], then: _Instruction, otherwise: _Instruction) -> list[_Instruction]:
    tests = [(_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [*tests, otherwise, then]


def _filter(machine: str, pid: int, refused: Sequence[int]) -> list[_Instruction]:
    architecture, column = _ARCHITECTURES[machine]
    no = _refuse()
    bodies: dict[str, list[_Instruction]] = {}
    if not refused:
        bodies = {name: [no] for name in _CALLS if name not in _LOOKED_AT}
        bodies |= {name: [_argument(0), *_if_among([pid], _LET, no)] for name in _SIGNALS}
        bodies |= {name: [_argument(0), *_if_among([0, pid], _LET, no)] for name in _SETTINGS_OF_PROCESSES}
        bodies["fcntl"] = [_argument(1), *_if_among([_F_SETOWN, _F_SETSIG, _F_SETOWN_EX], no, _LET)]
        # a datagram socket could be turned to somebody else's address
        only_streams = _if_among([_SOCK_STREAM], _LET, no)
        bodies["socketpair"] = [_argument(1), (_MASK, 0, 0, _SOCKET_TYPES), *only_streams]
        bodies["clone"] = [_argument(0), (_ANY_BIT, 1, 0, _CLONE_NEW), _LET, no]
        bodies["clone3"] = [_refuse(errno.ENOSYS)]  # its flags lie in memory; the C library then takes clone
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        no,
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        no,
    ]
    for wanted in refused:
        program += _when(wanted, [no])
    for name, body in bodies.items():
        number = _CALLS[name][column]
        if number is not None:
            program += _when(number, body)
    return [*program, _LET]


def filter_system_calls(*, refused: Sequence[int] = ()) -> list[str]:
    """Refuse system calls to this process and its children from now on.

    Parameters
    ----------
    refused : sequence of int, optional
        Refuse just the calls of these numbers. Default: all that reaches beyond the walls.

    Returns
    -------
    list of str
        What could not be had, in words.
    """
    if sys.platform != "linux":
        return ["On this system the program's system calls could not be filtered: it could reach the network."]
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        return [f"The program's system calls could not be filtered on this machine ({machine})."]
    program = _filter(machine, os.getpid(), refused)
    packed = b"".join(
        code.to_bytes(2, "little") + bytes([yes, no]) + value.to_bytes(4, "little") for code, yes, no, value in program
    )
    instructions = ctypes.create_string_buffer(packed, len(packed))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]

    whole = Program(len(program), ctypes.addressof(instructions))
    try:
        check(libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        check(libc().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(whole), 0, 0))
    except OSError as error:
        return [f"The program's system calls could not be filtered ({error.strerror})."]
    return []
