"""Looks: what a command asks of a process of its own, beside the controller and its records.

A folder holds the request (`request.json`); the reply goes there too (`reply.json`): the last event
of a step, a result or an error. Files are written to the request's output folder.
"""

from __future__ import annotations

import importlib
import os
import traceback
from typing import Any

from ingot_worker.child import limit
from ingot_worker.errors import hide_paths, translate
from ingot_worker.protocol import Events, encode_event, parse_request, write_bytes

# The module of each kind, whose function `run` does it.
_MODULES = {"diff": "diff", "spine-features": "spine_features"}


class _Reply(Events):
    """Keeps the last event; nobody listens to the others."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    def send(self, event: dict[str, Any]) -> None:
        self.last = event


def look(folder: str) -> int:
    """Answer the request in a folder; returns the exit code."""
    with open(os.path.join(folder, "request.json"), "rb") as file:
        request = parse_request(file.read(), _MODULES)
    reply = _Reply()
    code = 0
    try:
        limit(request)
        os.chdir(request.output)
        importlib.import_module(f"ingot_worker.{_MODULES[request.kind]}").run(request, reply)
    except BaseException as error:
        failure = translate(error)
        if failure.kind in ("internal", "resource"):
            traceback.print_exc()
        failure.message = hide_paths(failure.message, request.paths)
        reply.send(failure.event())
        code = 1
    write_bytes(os.path.join(folder, "reply.json"), encode_event(reply.last))
    return code
