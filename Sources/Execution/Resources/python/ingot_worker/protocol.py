"""Requests and events of the worker protocol."""

from __future__ import annotations

import json
import math
import os
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

VERSION = 1
MAX_REQUEST = 64 << 20  # bytes
MAX_EVENT = 64 << 10  # bytes, newline included
KINDS = ("snapshot", "profile", "features", "online", "training-set", "train", "evaluate", "noop")


class BadRequest(Exception):
    """The request line is not a request."""


@dataclass(frozen=True)
class Request:
    """One step to execute."""

    run: str
    kind: str
    program: dict[str, Any]
    seed: int
    threads: int
    memory_bytes: int
    inputs: dict[str, dict[str, str]]
    output: str
    log: str
    # The largest file that it may write; 0 if there is no limit.
    file_bytes: int = 0
    # Values of credentials, which must show nowhere.
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def out(self, name: str) -> str:
        """The path of the output file `name`."""
        return os.path.join(self.output, name)

    @property
    def spill(self) -> str:
        """Where temporary files go: beside the output, which holds artifact files only."""
        return self.output.rstrip("/") + ".spill"

    @property
    def paths(self) -> list[str]:
        """Every path of the request; none may show in a message."""
        files = [path for input_files in self.inputs.values() for path in input_files.values()]
        return [*files, self.out("data.parquet"), self.spill, self.output, self.log]

    def input(self, name: str, file: str) -> str:
        """The path of a file of an input."""
        files = self.inputs.get(name)
        if files is None:
            raise KeyError(f"the request has no input '{name}'")
        if file not in files:
            raise KeyError(f"the input '{name}' has no file '{file}'")
        return files[file]


def _integer(value: dict[str, Any], key: str, default: int, minimum: int) -> int:
    number = value.get(key, default)
    if isinstance(number, bool) or not isinstance(number, int) or number < minimum:
        raise BadRequest(f"'{key}' must be an integer of at least {minimum}")
    return number


def parse_request(line: bytes, kinds: Collection[str] = KINDS) -> Request:
    """Parse and check a request line."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the request is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRequest("the request is not a JSON object")
    if value.get("protocol") != VERSION:
        raise BadRequest(f"protocol {value.get('protocol')!r} is not {VERSION}")
    if value.get("kind") not in kinds:
        raise BadRequest(f"unknown kind {value.get('kind')!r}; known: {', '.join(kinds)}")
    for key in ("run", "output", "log"):
        if not isinstance(value.get(key), str):
            raise BadRequest(f"'{key}' must be a string")
    if not isinstance(value.get("program"), dict):
        raise BadRequest("'program' must be an object")
    inputs = value.get("inputs", {})
    if not isinstance(inputs, dict) or not all(
        isinstance(files, dict) and all(isinstance(p, str) for p in files.values())
        for files in inputs.values()
    ):
        raise BadRequest("'inputs' must map input names to objects of file name and path")
    secrets = value.get("secrets", {})
    if not isinstance(secrets, dict) or not all(isinstance(s, str) for s in secrets.values()):
        raise BadRequest("'secrets' must map names to texts")
    return Request(
        run=value["run"],
        kind=value["kind"],
        program=value["program"],
        seed=_integer(value, "seed", 0, 0),
        threads=_integer(value, "threads", 1, 1),
        memory_bytes=_integer(value, "memory_bytes", 0, 0),
        inputs=inputs,
        output=value["output"],
        log=value["log"],
        file_bytes=_integer(value, "file_bytes", 0, 0),
        secrets=secrets,
    )


def clean(value: Any) -> Any:
    """Replace what JSON cannot say (NaN, infinities) by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    return value


def encode_event(event: dict[str, Any]) -> bytes:
    """One line of at most 64 KiB; texts are cut and details dropped if need be."""
    line = json.dumps(clean(event), ensure_ascii=False, separators=(",", ":"), default=str)
    data = line.encode("utf-8", "replace") + b"\n"
    if len(data) <= MAX_EVENT:
        return data
    short = {
        k: v[:8000] + "…" if isinstance(v, str) and len(v) > 8000 else v for k, v in event.items()
    }
    for key in ("details", "metadata"):
        if short.get(key) is not None:
            short[key] = {"truncated": True} if key == "metadata" else None
    text = json.dumps(clean(short), ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "replace") + b"\n"


def write_bytes(path: str, content: bytes) -> None:
    """Write an output file; an OSError names it, so that a full disk can be told of."""
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        error.filename = path
        raise


def write_json(path: str, value: Any) -> None:
    """Write a JSON file whose bytes depend on the value only."""
    text = json.dumps(clean(value), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


class Events:
    """Writes event lines to the connection."""

    def __init__(
        self, connection: socket.socket, redact: Callable[[Any], Any] = lambda event: event
    ) -> None:
        self._connection = connection
        self._redact = redact

    def send(self, event: dict[str, Any]) -> None:
        """Write one event."""
        self._connection.sendall(encode_event(self._redact(event)))

    def progress(self, fraction: float | None, message: str) -> None:
        """How far the step is."""
        self.send({"event": "progress", "fraction": fraction, "message": message})

    def metric(self, name: str, value: float) -> None:
        """One metric."""
        self.send({"event": "metric", "name": name, "value": value})

    def log(self, level: str, message: str) -> None:
        """One log line: info or warning."""
        self.send({"event": "log", "level": level, "message": message})

    def result(self, metadata: dict[str, Any]) -> None:
        """The result; the last event of a step."""
        self.send({"event": "result", "metadata": metadata})
