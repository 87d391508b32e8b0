"""A step that computes nothing, for tests and measurements of everything around a step."""

from __future__ import annotations

import hashlib
import time

from ingot_worker.errors import data_error
from ingot_worker.protocol import Events, Request, write_json


def run(request: Request, events: Events) -> None:
    """The kind noop: sleeps, then fails or writes a file that depends on content and inputs."""
    start = time.perf_counter()
    seconds = request.program.get("seconds", 0)
    if seconds > 0:
        time.sleep(seconds)
    content = request.program.get("content", "")
    if request.program.get("fails", False):
        raise data_error(
            "NoopFailed",
            f"the noop step with the content '{content}' was asked to fail",
            "remove 'fails' from it",
        )
    inputs = {
        name: {file: _digest(path) for file, path in files.items()}
        for name, files in request.inputs.items()
    }
    write_json(request.out("noop.json"), {"content": content, "inputs": inputs})
    events.result({"seconds": {"noop": round(time.perf_counter() - start, 6)}})


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
