"""The second process of the warm parent: the one with the libraries.

Importing them takes a second, for which steps that need none of them do not wait. It is a process
and not a thread, since nothing may be forked while a thread imports. Its requests come to a socket
of its own, where they wait until the imports are done.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import traceback
from typing import NoReturn

from ingot_worker import processes
from ingot_worker.server import Server


def warm_light() -> None:
    """Import what steps without libraries need."""
    from ingot_worker import noop

    assert noop


def warm() -> None:
    """Import everything heavy, doing no work."""
    from ingot_worker import evaluate, profile, snapshot, sql, train, training_set

    for module in (sql, snapshot, profile, training_set, train, evaluate):
        module.warm()


def start(listener: socket.socket, others: list[socket.socket]) -> tuple[int, socket.socket]:
    """Fork it: its id, and the socket that it ends with.

    `others` are sockets of this process that are none of its business.
    """
    parent = os.getpid()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid != 0:
        theirs.close()
        return pid, ours
    code = 1
    try:
        # Until it serves: it cannot see yet that its parent has ended.
        processes.die_with_parent(parent)
        ours.close()
        for other in others:
            other.close()
        code = _serve(listener, theirs, parent)
    except BaseException:  # nothing may escape into the parent's code
        traceback.print_exc()
    finally:
        os._exit(code)


def _serve(listener: socket.socket, lifeline: socket.socket, parent: int) -> int:
    problem = None
    try:
        warm()
    except Exception as error:
        traceback.print_exc()
        problem = f"{type(error).__name__}: {error}"
    gc.collect()
    gc.freeze()
    server = Server(listener, lifeline.fileno(), problem)
    processes.outlive_parent(parent)
    return server.run()


def serve(path: str) -> NoReturn:
    """Serve `path` and, for steps without libraries, `path`.light until standard input ends."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # A pool of BLAS threads in the parent would not survive the fork.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # Spinning at OpenMP barriers makes two threads on busy cores many times slower than one.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["GOMP_SPINCOUNT"] = "0"
    light = listen(path + ".light")
    heavy = listen(path)
    pid, lifeline = start(heavy, [light])
    heavy.close()
    warm_light()
    gc.collect()
    gc.freeze()
    server = Server(light, 0, helper=(pid, lifeline))
    os.write(1, b"ready\n")
    code = server.run()
    for name in (path, path + ".light"):
        if os.path.exists(name):
            os.unlink(name)
    if server.helper_signal is not None:
        # To those who watch, the two are one process, and it ends in the way of this one.
        with contextlib.suppress(OSError):  # what cannot be handled has no handler to take back
            signal.signal(server.helper_signal, signal.SIG_DFL)
        os.kill(os.getpid(), server.helper_signal)
    # No interpreter shutdown: extension modules would complain about frozen objects.
    os._exit(code)


def listen(path: str) -> socket.socket:
    """A listening socket that only this user can connect to."""
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(mask)
    listener.listen(128)
    return listener
