from __future__ import annotations

import subprocess
import sys
import time
import unittest

import support  # noqa: F401, puts the worker on sys.path
from ingot_worker.processes import kill_session, process_table


class KillTests(unittest.TestCase):
    def test_grandchildren_and_new_sessions_die(self) -> None:
        code = "import os, time; os.fork(); "
        code += "os.fork() or os.setsid(); print(flush=True); time.sleep(9)"
        child = subprocess.Popen(
            [sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(4):
            child.stdout.readline()
        before = time.monotonic()
        kill_session(child.pid)
        self.assertLess(time.monotonic() - before, 0.2)
        self.assertEqual(child.stdout.read(), b"")  # every writer is gone
        child.stdout.close()
        child.wait()
        sessions = [s for _, s, state in process_table().values() if state not in "ZX"]
        self.assertNotIn(child.pid, sessions)


if __name__ == "__main__":
    unittest.main()
