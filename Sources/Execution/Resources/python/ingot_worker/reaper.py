"""The end of steps, which is told only when nothing of the step lives any more.

A worker is the subreaper of its step: what its programs leave behind becomes the worker's child,
whatever its session, its group and its environment. When the worker dies, the kernel gives all of
that to the warm parent. So a child of the warm parent that it has not forked itself is what a dead
step has left, and is killed. No search through all processes is needed, and none can hide.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from ingot_worker import processes

_LOOK_SECONDS = 0.002
# For `end_all`: who waits for this process loses patience a little later.
_END_SECONDS = 2.5


class Reaper:
    """The children of the warm parent: the workers, and what dead ones have left."""

    def __init__(self) -> None:
        self._workers: set[int] = set()
        self._dead: list[tuple[int, int]] = []

    def add(self, worker: int) -> None:
        """A worker was forked."""
        self._workers.add(worker)

    def kill(self, worker: int) -> None:
        """Kill a worker; what it leaves is killed by `collect`."""
        if worker in self._workers:  # not reaped, so that its id means nobody else
            _kill(worker)

    @property
    def is_waiting(self) -> bool:
        """Whether a worker is dead and something that it left is not."""
        return bool(self._dead)

    def collect(self) -> list[tuple[int, int]]:
        """Kill and reap; the workers, with wait statuses, of which nothing lives any more.

        To be called when a child has ended, and again soon while `is_waiting`.
        """
        self._reap()
        if not self._dead or self._kill_orphans():
            return []
        ended, self._dead = self._dead, []
        return ended

    def end_all(self) -> None:
        """Kill every child and its descendants, until there is none."""
        deadline = time.monotonic() + _END_SECONDS
        while time.monotonic() < deadline:
            for child in processes.children():
                _kill(child)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return  # the kernel's word for it: no child, no descendant
            time.sleep(_LOOK_SECONDS)

    def _reap(self) -> None:
        while True:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if info is None:
                return
            worker = info.si_pid
            if worker in self._workers:
                # Before reaping: its id still names its group, and nobody else's.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(worker, signal.SIGKILL)
            _, status = os.waitpid(worker, 0)
            if worker in self._workers:
                self._workers.discard(worker)
                self._dead.append((worker, status))

    def _kill_orphans(self) -> bool:
        """Whether there were any."""
        orphans = [pid for pid in processes.children() if pid not in self._workers]
        for orphan in orphans:
            _kill(orphan)
        return bool(orphans)


def _kill(child: int) -> None:
    """SIGKILL a child that is not reaped, with its group, in which a fork cannot outrun it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        group = os.getpgid(child)
        if group not in (os.getpgrp(), 0, 1):
            os.killpg(group, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(child, signal.SIGKILL)
