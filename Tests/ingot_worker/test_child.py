"""What a child tells of its failures, and what it keeps out of the connection."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import tempfile
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

import support  # noqa: F401, puts the worker on sys.path
from ingot_worker import child, protocol
from ingot_worker.errors import translate

BUG_HINT = "this is a bug of Ingot; the traceback is in the step's log"


class ChildTests(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="ingot-child-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.log = os.path.join(self.directory, "log")

    def run_step(self, step: Callable[[protocol.Request, protocol.Events], None]) -> list[Any]:
        """The events of a child whose step is this function."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            request = protocol.Request(
                "r", "features", {}, 0, 1, 0, {"a": {"f": "/data/a/f"}}, self.directory, self.log
            )
            with mock.patch.object(child, "execute", step):
                os._exit(child.run_child(theirs, request))
        theirs.close()
        with ours, ours.makefile("rb") as file:
            events = [json.loads(line) for line in file]
        os.waitpid(pid, 0)
        return events

    def test_what_it_prints_reaches_the_log_only(self) -> None:
        def step(_: protocol.Request, events: protocol.Events) -> None:
            print("garbage", flush=True)
            os.write(1, b'{"event":"result"}\n')
            os.write(2, b"more\n")
            events.result({"rows": 1})

        events = self.run_step(step)
        self.assertEqual([e["event"] for e in events], ["started", "result"])
        self.assertEqual(events[1]["metadata"], {"rows": 1})
        with open(self.log, encoding="utf-8") as file:
            self.assertEqual(file.read(), 'garbage\n{"event":"result"}\nmore\n')

    def failure(self, error: BaseException) -> tuple[Any, ...]:
        def step(*_: Any) -> None:
            raise error

        event = self.run_step(step)[-1]
        return (event["class"], event["code"], event["message"], event["hint"])

    def test_an_uncaught_exception_is_a_bug(self) -> None:
        self.assertEqual(
            self.failure(RuntimeError(f"bad {self.directory}/data.parquet and /data/a/f")),
            (
                "internal",
                "WorkerBug",
                "the worker failed: RuntimeError: bad data.parquet and f",
                BUG_HINT,
            ),
        )
        with open(self.log, encoding="utf-8") as file:
            self.assertIn("Traceback", file.read())

    def test_a_full_disk(self) -> None:
        hint = "free some space in the state directory's file system; the step is retried"
        full = OSError(errno.ENOSPC, "No space left on device", "/x/model.onnx")
        self.assertEqual(
            self.failure(full),
            (
                "resource",
                "DiskFull",
                "no space left on device while writing model.onnx",
                hint,
            ),
        )

    def test_a_full_device(self) -> None:
        with self.assertRaises(OSError) as caught:
            protocol.write_bytes("/dev/full", b"x" * 100_000)
        self.assertEqual(
            translate(caught.exception).message, "no space left on device while writing full"
        )

    def test_no_memory(self) -> None:
        for error in (MemoryError(), RuntimeError("std::bad_alloc"), OSError(errno.ENOMEM, "x")):
            self.assertEqual(
                self.failure(error),
                (
                    "resource",
                    "OutOfMemory",
                    "the step ran out of memory",
                    "raise the step's memory limit or reduce the data; the step is retried",
                ),
            )

    def test_events_are_short_enough_and_json(self) -> None:
        event = {"event": "error", "message": "ü" * 90_000, "details": {"x": ["y" * 70_000]}}
        line = protocol.encode_event(event)
        self.assertLessEqual(len(line), protocol.MAX_EVENT)
        self.assertIsNone(json.loads(line)["details"])
        line = protocol.encode_event({"event": "metric", "value": float("nan")})
        self.assertEqual(line, b'{"event":"metric","value":null}\n')


if __name__ == "__main__":
    unittest.main()
