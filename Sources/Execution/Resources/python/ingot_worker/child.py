"""The forked child: one step, from its limits to its exit code."""

from __future__ import annotations

import os
import resource
import socket
import sys
import traceback

from ingot_worker.errors import hide_paths, translate
from ingot_worker.protocol import Events, Request


def _limit(request: Request) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if request.memory_bytes:
        limit = request.memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def execute(request: Request, events: Events) -> None:
    """Run the step; raises on failure."""
    from ingot_worker import evaluate, profile, snapshot, sql, train

    step = {
        "snapshot": snapshot.run,
        "profile": profile.run,
        "features": sql.run,
        "training-set": sql.run,
        "train": train.run,
        "evaluate": evaluate.run,
    }[request.kind]
    step(request, events)


def run_child(connection: socket.socket, request: Request) -> int:
    """The child's life after the fork: returns its exit code."""
    events = Events(connection)
    events.send({"event": "started", "pid": os.getpid()})
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        log = os.open(request.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        _limit(request)
        os.chdir(request.output)
        execute(request, events)
        return 0
    except BaseException as error:
        failure = translate(error)
        failure.message = hide_paths(failure.message, request.paths)
        if failure.kind in ("internal", "resource"):
            traceback.print_exc()
        else:
            sys.stderr.write(f"{failure.code}: {failure.message}\n")
        events.send(failure.event())
        return 1
