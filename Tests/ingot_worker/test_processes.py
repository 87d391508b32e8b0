"""The reaper and the warm parent: nothing of a step outlives what is told of its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import unittest
from collections.abc import Callable

import support
from ingot_worker import processes
from ingot_worker.reaper import Reaper
from support import Worker


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in b"ZX"
    except OSError:
        return False


def daemon(write: int) -> None:
    """A daemon by the book: two forks, a session of its own, no environment, deaf to SIGTERM."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            code = "import os, time; os.write(1, b'%d\\n' % os.getpid()); time.sleep(300)"
            os.dup2(write, 1)
            os.execve(sys.executable, [sys.executable, "-I", "-c", code], {})
        os._exit(0)
    os.wait()


def family(write: int, count: int) -> None:
    """Children that ignore SIGTERM, each in the group of its parent or in one of its own."""
    for index in range(count):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if index % 2:
                os.setpgid(0, 0)
            os.write(write, b"%d\n" % os.getpid())
            time.sleep(300)


def bomb(write: int) -> None:
    """Fifty processes that fork without end."""
    for _ in range(50):
        if os.fork() == 0:
            os.write(write, b"%d\n" % os.getpid())
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that none of its own remain
            while True:
                with contextlib.suppress(OSError):
                    if os.fork() == 0:
                        time.sleep(0.05)
                        os._exit(0)
                time.sleep(0.005)


class ReaperTests(unittest.TestCase):
    """In a process of its own, which is a subreaper and has no other children."""

    def in_subreaper(self, check: Callable[[], None]) -> None:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                processes.become_subreaper()
                check()
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)

    def worker(self, behave: Callable[[int], None], count: int) -> tuple[int, list[int]]:
        """A worker that has done this and goes on, with the processes that have told their ids."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            processes.become_subreaper()
            behave(write)
            time.sleep(300)
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as file:
            return pid, [int(file.readline()) for _ in range(count)]

    def end(self, reaper: Reaper) -> list[tuple[int, int]]:
        while True:
            ended = reaper.collect()
            if ended:
                return ended
            time.sleep(0.001)

    def check(self, behave: Callable[[int], None], count: int, is_cancelled: bool = True) -> None:
        def run() -> None:
            reaper = Reaper()
            pid, others = self.worker(behave, count)
            reaper.add(pid)
            assert all(is_alive(other) for other in others)
            if is_cancelled:
                reaper.kill(pid)
            else:
                os.kill(pid, signal.SIGTERM)  # it ends by itself
            [(ended, _)] = self.end(reaper)
            assert ended == pid
            assert not any(is_alive(other) for other in others)
            assert processes.children() == []

        self.in_subreaper(run)

    def test_a_daemon(self) -> None:
        self.check(daemon, 1)

    def test_a_daemon_of_a_worker_that_has_ended(self) -> None:
        self.check(daemon, 1, is_cancelled=False)

    def test_a_family_that_ignores_sigterm(self) -> None:
        self.check(lambda write: family(write, 10), 10)

    def test_a_fork_bomb(self) -> None:
        self.check(bomb, 50)

    def test_a_bystander_lives(self) -> None:
        def run() -> None:
            reaper = Reaper()
            first, strays = self.worker(daemon, 1)
            second, others = self.worker(daemon, 1)
            for pid in (first, second):
                reaper.add(pid)
            reaper.kill(first)
            assert [pid for pid, _ in self.end(reaper)] == [first]
            assert not is_alive(strays[0])
            assert is_alive(second) and is_alive(others[0])
            reaper.end_all()
            assert not is_alive(others[0]) and processes.children() == []

        self.in_subreaper(run)


class TwoProcessesTests(unittest.TestCase):
    def setUp(self) -> None:
        self.worker = Worker()

    def tearDown(self) -> None:
        for pipe in (self.worker.process.stdin, self.worker.process.stdout):
            if pipe:
                pipe.close()
        self.worker.process.wait(10)

    def gone(self, pid: int) -> None:
        end = time.monotonic() + 10
        while is_alive(pid):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def sleeping(self) -> int:
        connection = self.worker.open(is_light=True)
        self.addCleanup(connection.close)
        request = self.worker.request("noop", {"seconds": 300}, {})
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as file:
            return int(json.loads(file.readline())["pid"])

    def test_both_end_with_standard_input(self) -> None:
        imported, step = self.worker.imported, self.sleeping()
        self.worker.process.stdin.close()  # type: ignore[union-attr]
        self.assertEqual(self.worker.process.wait(10), 0)
        self.assertFalse(is_alive(imported) or is_alive(step))
        self.assertFalse(os.path.exists(self.worker.path))

    def test_the_imported_one_ends_with_the_first(self) -> None:
        imported, step = self.worker.imported, self.sleeping()
        self.worker.process.kill()
        self.gone(imported)
        self.gone(step)

    def test_the_first_ends_like_the_imported_one(self) -> None:
        step = self.sleeping()
        os.kill(self.worker.imported, signal.SIGKILL)
        self.assertEqual(self.worker.process.wait(10), -signal.SIGKILL)
        self.assertFalse(is_alive(step))

    def test_failed_imports_are_told_to_who_needs_them(self) -> None:
        self.worker.process.kill()
        self.worker.process.wait(10)
        code = (
            f"import sys; sys.path.insert(0, {support.ROOT!r}); sys.modules['duckdb'] = None; "
            "from ingot_worker.__main__ import main; main()"
        )
        broken = subprocess.Popen(
            [sys.executable, "-I", "-c", code, "serve", self.worker.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert broken.stdin and broken.stdout
        self.assertEqual(broken.stdout.readline(), b"ready\n")
        _, light = self.worker.run("noop", {"content": "a"}, {})
        self.assertEqual(list(light["seconds"]), ["noop"])
        answer = self.worker.send(self.worker.request("features", {}, {}))
        self.assertEqual(
            answer[0],
            {
                "event": "error",
                "class": "internal",
                "code": "WorkerStartFailed",
                "message": "the Python worker did not start: ModuleNotFoundError: "
                "import of duckdb halted; None in sys.modules",
                "hint": "check the Python runtime; a damaged one is made anew after its directory "
                "is removed",
                "details": None,
            },
        )
        self.assertEqual(broken.wait(10), 1)
        broken.stdin.close()
        broken.stdout.close()


if __name__ == "__main__":
    unittest.main()
