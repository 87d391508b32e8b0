"""The forked child: one step, from its limits to its exit code."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import socket
import sys
import traceback

from ingot_worker.errors import hide_paths, translate
from ingot_worker.protocol import Events, Request
from ingot_worker.redaction import Redaction


def limit(request: Request) -> None:
    """Set what the kernel shall not let this process exceed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if request.memory_bytes:
        limit = request.memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    if request.file_bytes:
        # Python ignores the signal that comes with it, so that it is an error like any other.
        resource.setrlimit(resource.RLIMIT_FSIZE, (request.file_bytes, request.file_bytes))


# The module of each kind, whose function `run` executes it.
_MODULES = {
    "snapshot": "snapshot",
    "profile": "profile",
    "features": "sql",
    "online": "online",
    "training-set": "training_set",
    "train": "train",
    "evaluate": "evaluate",
    "noop": "noop",
}


def execute(request: Request, events: Events) -> None:
    """Run the step; raises on failure."""
    # Only this one: where the libraries are not imported yet, the others would import them.
    step = importlib.import_module(f"ingot_worker.{_MODULES[request.kind]}")
    step.run(request, events)


def run_child(connection: socket.socket, request: Request) -> int:
    """The child's life after the fork: returns its exit code."""
    hidden = Redaction(request.secrets)
    events = Events(connection, hidden.of)
    events.send({"event": "started", "pid": os.getpid()})
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        log = os.open(request.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        hidden.redirect(log, (1, 2))
        os.close(log)
        limit(request)
        os.chdir(request.output)
        execute(request, events)
        return 0
    except BaseException as error:
        failure = translate(error)
        failure.message = hide_paths(failure.message, request.paths)
        with contextlib.suppress(OSError):  # the log may be what cannot be written
            if failure.kind in ("internal", "resource"):
                traceback.print_exc()
            else:
                sys.stderr.write(f"{failure.code}: {failure.message}\n")
        events.send(failure.event())
        return 1
    finally:
        hidden.finish()
