"""Process trees: dying with the parent, and killing a whole session."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# A session that forks faster than it is killed is given up after so many looks.
_LOOKS_MAX = 50
_LOOK_SECONDS = 0.002


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def become_subreaper() -> None:
    """Orphaned descendants become this process's children, so that none escapes."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """SIGKILL for this process when its parent ends; exits at once if it has already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def data_bytes() -> int:
    """What this process has of the memory that RLIMIT_DATA limits; 0 if nobody can tell."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    return 0


def process_table() -> dict[int, tuple[int, int, str]]:
    """pid -> (parent, session, state) of every process."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    stat = file.read()
            except OSError:
                continue
            fields = stat[stat.rindex(b")") + 2 :].split()
            table[int(name)] = (int(fields[1]), int(fields[3]), fields[0].decode())
    return table


def kill_session(leader: int) -> None:
    """SIGKILL the session of `leader` and all its descendants, until none lives."""
    for _ in range(_LOOKS_MAX):
        table = process_table()
        doomed = {pid for pid, (_, session, _) in table.items() if session == leader}
        if leader in table:
            doomed.add(leader)
        grown = True
        while grown:
            more = {p for p, (parent, _, _) in table.items() if parent in doomed} - doomed
            doomed |= more
            grown = bool(more)
        doomed.discard(os.getpid())
        alive = [pid for pid in doomed if table[pid][2] not in "ZX"]
        if not alive:
            return
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)
