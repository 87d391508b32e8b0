"""The step that computes nothing."""

from __future__ import annotations

import json
import unittest

from support import WorkerCase


class NoopTests(WorkerCase):
    def test_the_bytes_depend_on_content_and_inputs_only(self) -> None:
        same = self.worker.file("a", "x"), self.worker.file("b", "x")
        other = self.worker.file("c", "y")

        def written(content: str, path: str, seconds: float = 0) -> bytes:
            body = {"content": content, "seconds": seconds, "fails": False}
            output, result = self.worker.run("noop", body, {"in": {"data": path}})
            self.assertEqual(list(result), ["seconds"])
            return self.read(output, "noop.json")

        first = written("one", same[0])
        self.assertEqual(first, written("one", same[1], seconds=0.01))
        self.assertEqual(len({first, written("two", same[0]), written("one", other)}), 3)
        self.assertEqual(
            json.loads(first),
            {
                "content": "one",
                "inputs": {
                    "in": {
                        "data": "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db"
                        "02258717921a4881"
                    }
                },
            },
        )

    def test_it_fails_when_asked_to(self) -> None:
        body = {"content": "one", "seconds": 0, "fails": True}
        _, error = self.worker.run("noop", body, {})
        self.assertEqual(
            error,
            {
                "event": "error",
                "class": "data",
                "code": "NoopFailed",
                "message": "the noop step with the content 'one' was asked to fail",
                "hint": "remove 'fails' from it",
                "details": None,
            },
        )

    def test_it_needs_no_libraries(self) -> None:
        with open(f"/proc/{self.worker.process.pid}/maps", encoding="utf-8") as file:
            mapped = file.read()
        self.assertNotIn("duckdb", mapped)
        self.assertNotIn("numpy", mapped)

    def test_a_file_larger_than_the_disk_has_to_spare(self) -> None:
        body = {"content": "x" * 5000}
        _, error = self.worker.run("noop", body, {}, file_bytes=4096)
        self.assertEqual(
            (error["class"], error["code"], error["message"], error["hint"]),
            (
                "resource",
                "FileTooLarge",
                "noop.json became larger than the disk has space to spare",
                "free some space in the state directory's file system; the step is retried",
            ),
        )


if __name__ == "__main__":
    unittest.main()
