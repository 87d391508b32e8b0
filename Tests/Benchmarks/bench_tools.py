"""What the parts of the benchmark share: processes, the ingot command, a git project, HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import os
import shutil
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BenchError(Exception):
    """The benchmark cannot go on."""


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a Markdown table, readable as it stands: the first column left, the others right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return "| " + " | ".join(cells) + " |"

    print(line(header))
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    print("| " + " | ".join(rule) + " |")
    for row in rows:
        print(line(row))
    print(flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def output(command: Sequence[str | Path], timeout: float = 120, **options: Any) -> str:
    """Standard output of a command that has to succeed."""
    result = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        **options,
    )
    if result.returncode != 0:
        words = " ".join(str(word) for word in command)
        end = (result.stderr or result.stdout).strip()[-2000:]
        raise BenchError(f"`{words}` ended with {result.returncode}:\n{end}")
    return str(result.stdout)


class Processes:
    """Background processes; each leads a group of its own, and all end with the block."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(list(self._running)):
            self.stop(process)

    def start(
        self, name: str, command: Sequence[str | Path], env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with open(self._logs / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(env or {})},
            )
        self._running.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        if process in self._running:
            self._running.remove(process)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Ingot:
    """The ingot command with one state directory."""

    binary: Path
    state: Path
    repository: Path
    data: Path

    def run_command(self) -> list[str | Path]:
        command: list[str | Path] = [self.binary, "run", "--repository", self.repository]
        return [*command, "--state", self.state, "--data", self.data]

    def wait(self, revision: str, serving: bool = False) -> None:
        """Until the revision is reconciled. The state directory may not exist yet."""
        command: list[str | Path] = [self.binary, "wait", "--state", self.state]
        command += ["--revision", revision, "--timeout", "90s"]
        command += [] if serving else ["--skip-serving"]
        started = time.monotonic()
        while not (self.state / "state.sqlite").exists() and time.monotonic() < started + 20:
            time.sleep(0.05)
        while True:
            try:
                output(command)
                return
            except BenchError:
                if time.monotonic() > started + 10:
                    raise
                time.sleep(0.1)

    def runs(self) -> list[dict[str, Any]]:
        text = output([self.binary, "get", "runs", "--state", self.state, "-o", "json"])
        runs: list[dict[str, Any]] = json.loads(text)["runs"]
        return runs

    def plan(self) -> list[dict[str, Any]]:
        command: list[str | Path] = [self.binary, "plan", "--repository", self.repository]
        command += ["--state", self.state, "--data", self.data, "--show-sql", "-o", "json"]
        steps: list[dict[str, Any]] = json.loads(output(command))["steps"]
        return steps

    def _blob(self, digest: str) -> Path:
        digits = digest.removeprefix("sha256:")
        return self.state / "store/sha256" / digits[:2] / digits[2:]

    def file(self, artifact: str, name: str) -> Path:
        """The path of a file of an artifact."""
        for entry in json.loads(self._blob(artifact).read_text())["files"]:
            if entry["path"] == name:
                return self._blob(entry["digest"])
        raise BenchError(f"the artifact {artifact} has no file {name}")


class Project:
    """A bare repository and a work tree with the flights manifests."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.bare, self.work, self.root = folder / "flights.git", folder / "work", root
        output(["git", "init", "-q", "--bare", "-b", "main", self.bare])
        output(["git", "init", "-q", "-b", "main", self.work])
        self.git("config", "user.name", "Ingot Bench")
        self.git("config", "user.email", "bench@example.com")
        self.git("remote", "add", "origin", str(self.bare))

    def git(self, *words: str) -> str:
        return output(["git", "-C", str(self.work), *words]).strip()

    def put(self, *names: str, folder: str = "manifests") -> None:
        for name in names:
            shutil.copy(self.root / folder / name, self.work / name)

    def put_first(self) -> None:
        """What the story's first commit holds."""
        self.put("ingot.yaml", "raw-datasets.yaml", "derived-datasets.yaml", "serving.yaml")
        self.put("training.yaml", folder="Tests/EndToEndTests/Fixtures/flights-first")

    def commit(self, message: str) -> str:
        """Commits and pushes; the commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        self.git("push", "-q", "origin", "main")
        return self.git("rev-parse", "HEAD")


class Client:
    """One kept-alive HTTP connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, b""

    def wait(self, method: str, path: str, body: str | None = None, seconds: float = 30) -> bytes:
        """Until the answer is 200; the answer."""
        deadline = time.monotonic() + seconds
        while True:
            status, answer = self.request(method, path, body)
            if status == 200:
                return answer
            if time.monotonic() > deadline:
                raise BenchError(f"{path} answers {status} after {seconds:.0f} s: {answer[:300]!r}")
            time.sleep(0.05)
