"""What the kernel tells of processes, and what it is told."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


# Once: every forked child needs it.
_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def become_subreaper() -> None:
    """Orphaned descendants become this process's children, so that none escapes."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """SIGKILL for this process when its parent ends; exits at once if it has already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def outlive_parent(parent: int) -> None:
    """Take `die_with_parent` back; exits if the parent has ended meanwhile."""
    _prctl(_PR_SET_PDEATHSIG, 0)
    if os.getppid() != parent:
        os._exit(1)


def data_bytes() -> int:
    """What this process has of the memory that RLIMIT_DATA limits; 0 if nobody can tell."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    return 0


def out_of_memory_kills() -> int | None:
    """How many processes the kernel has killed for want of memory; None if it does not count."""
    with contextlib.suppress(OSError), open("/proc/vmstat", "rb") as file:
        for line in file:
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
    return None


def children() -> list[int]:
    """The processes whose parent is this one, with the dead that are not reaped yet."""
    found: list[int] = []
    try:
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/children", "rb") as file:
                found += [int(word) for word in file.read().split()]
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return [pid for pid, parent in _parents().items() if parent == os.getpid()]
    return found


def _parents() -> dict[int, int]:
    """pid -> parent of every process."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                stat = file.read()
                table[int(name)] = int(stat[stat.rindex(b")") + 2 :].split()[1])
    return table
