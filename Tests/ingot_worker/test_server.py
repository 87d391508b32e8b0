"""The warm parent: forks, kills, reaps, and refuses garbage."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import unittest
from typing import Any

from support import Worker, WorkerCase

SLOW = "SELECT sum(sqrt(a.range * b.range)) FROM range(1000000) a, range(1000000) b"


class ServerTests(WorkerCase):
    def start(self, worker: Worker) -> tuple[socket.socket, int]:
        """A step that would take minutes: its connection and its process."""
        body = {"sql": {"statements": [], "query": SLOW}}
        connection = worker.open()
        self.addCleanup(connection.close)
        connection.sendall(json.dumps(worker.request("features", body, {})).encode() + b"\n")
        with connection.makefile("rb") as file:
            return connection, json.loads(file.readline())["pid"]

    def gone_within(self, pid: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while os.path.exists(f"/proc/{pid}"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def test_close_and_half_close_kill(self) -> None:
        for half in (False, True):
            connection, pid = self.start(self.worker)
            self.assertEqual(os.getsid(pid), pid)
            time.sleep(0.1)
            if half:
                connection.shutdown(socket.SHUT_WR)
            else:
                connection.close()
            self.gone_within(pid, 5)
        self.assertEqual(self.worker.steps(), [])

    def test_end_of_standard_input_kills_everything(self) -> None:
        worker = Worker()
        _, pid = self.start(worker)
        worker.close()
        self.gone_within(pid, 5)

    def test_a_killed_parent_takes_its_children_along(self) -> None:
        worker = Worker()
        _, pid = self.start(worker)
        worker.process.kill()
        self.gone_within(pid, 5)
        worker.close()

    def test_killed_child_is_reported(self) -> None:
        connection, pid = self.start(self.worker)
        os.kill(pid, signal.SIGKILL)
        with connection.makefile("rb") as file:
            last = file.read().splitlines()[-1]
        self.assertEqual(last, b'{"event":"exit","signal":9,"out_of_memory":false}')

    def test_many_steps_at_once(self) -> None:
        body = {"sql": {"statements": [], "query": "SELECT 1 AS a"}}
        connections = []
        for _ in range(12):
            connection = self.worker.open()
            self.addCleanup(connection.close)
            request = self.worker.request("features", body, {})
            connection.sendall(json.dumps(request).encode() + b"\n")
            connections.append(connection)
        for connection in connections:
            with connection.makefile("rb") as file:
                events = [json.loads(line) for line in file]
            self.assertEqual(
                [e["event"] for e in events], ["started", "progress", "result", "exit"]
            )
            self.assertEqual(events[-1], {"event": "exit", "code": 0})
        self.assertEqual(self.worker.steps(), [])

    def test_a_request_in_pieces(self) -> None:
        body = {"sql": {"statements": [], "query": "SELECT 1 AS a"}}
        line = json.dumps(self.worker.request("features", body, {})).encode() + b"\n"
        with self.worker.open() as connection, connection.makefile("rb") as file:
            for start in range(0, len(line), 50):
                connection.sendall(line[start : start + 50])
            self.assertEqual(file.read().splitlines()[-1], b'{"event":"exit","code":0}')

    def answer(self, line: bytes) -> list[dict[str, Any]]:
        with self.worker.open() as connection, connection.makefile("rb") as file:
            connection.sendall(line)
            return [json.loads(answer) for answer in file]

    def test_garbage(self) -> None:
        start = "the worker does not understand the request: "
        for line, message in (
            (b"garbage\n", "the request is not JSON: Expecting value: line 1 column 1 (char 0)"),
            (b"[]\n", "the request is not a JSON object"),
            (b'{"protocol":9}\n', "protocol 9 is not 1"),
            (
                b'{"protocol":1,"kind":"trian"}\n',
                "unknown kind 'trian'; known: snapshot, profile, features, online, "
                "training-set, train, evaluate, noop",
            ),
            (b'{"protocol":1,"kind":"train"}\n', "'run' must be a string"),
            (b"\xff\xfe\n", None),
            (b"[" * 99_999 + b"\n", None),
        ):
            answer = self.answer(line)
            self.assertEqual([e["event"] for e in answer], ["error", "exit"])
            self.assertEqual((answer[0]["class"], answer[0]["code"]), ("internal", "BadRequest"))
            if message:
                self.assertEqual(answer[0]["message"], start + message)
            self.assertEqual(answer[1], {"event": "exit", "code": 2})

    def test_socket_is_private(self) -> None:
        self.assertEqual(os.stat(self.worker.path).st_mode & 0o777, 0o600)

    def test_every_kind_works_within_one_gibibyte(self) -> None:
        query = "SELECT i, i % 7 AS k FROM range(3000000) r(i) ORDER BY hash(i)"
        body = {"sql": {"statements": [], "query": query}}
        for threads in (1, 2):
            _, result = self.worker.run("features", body, {}, memory_bytes=1 << 30, threads=threads)
            self.assertEqual(result.get("rows"), 3_000_000, result)


if __name__ == "__main__":
    unittest.main()
