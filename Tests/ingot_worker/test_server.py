from __future__ import annotations

import json
import os
import time
import unittest

from support import Worker, WorkerCase

SLOW = "SELECT sum(sqrt(a.range * b.range)) FROM range(1000000) a, range(1000000) b"


def alive(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


class ServerTests(WorkerCase):
    def start(self, worker: Worker):
        body = {"sql": {"statements": [], "query": SLOW}}
        connection = worker.open()
        request = worker.request("features", body, {})
        connection.sendall(json.dumps(request).encode() + b"\n")
        line = connection.makefile("rb").readline()
        return connection, json.loads(line)["pid"]

    def gone_within(self, pid: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while alive(pid):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def test_close_and_half_close_kill(self) -> None:
        for close in (lambda c: c.close(), lambda c: c.shutdown(1)):
            connection, pid = self.start(self.worker)
            time.sleep(0.2)
            self.assertTrue(alive(pid))
            close(connection)
            self.gone_within(pid, 0.2)
            connection.close()

    def test_stdin_end_kills_everything(self) -> None:
        worker = Worker()
        connection, pid = self.start(worker)
        time.sleep(0.1)
        worker.close()
        self.gone_within(pid, 0.5)
        connection.close()

    def test_killed_child_is_reported(self) -> None:
        connection, pid = self.start(self.worker)
        os.kill(pid, 9)
        last = connection.makefile("rb").read().splitlines()[-1]
        self.assertEqual(last, b'{"event":"exit","signal":9}')
        connection.close()

    def test_garbage(self) -> None:
        for line in (b"garbage\n", b"[]\n", b"\xff\n", b'{"protocol":9}\n', b"[" * 99999 + b"\n"):
            with self.worker.open() as connection:
                connection.sendall(line)
                answer = [json.loads(x) for x in connection.makefile("rb")]
            self.assertEqual(answer[0]["code"], "BadRequest")
            self.assertEqual(answer[1], {"event": "exit", "code": 2})
        self.assertEqual(os.stat(self.worker.path).st_mode & 0o777, 0o600)

    def test_out_of_memory(self) -> None:
        body = {"sql": {"statements": [], "query": "SELECT list(range) l FROM range(100000000)"}}
        _, error = self.worker.run("features", body, {}, memory_bytes=600 << 20)
        self.assertEqual(
            (error.get("class"), error.get("code")), ("resource", "OutOfMemory"), error
        )


if __name__ == "__main__":
    unittest.main()
