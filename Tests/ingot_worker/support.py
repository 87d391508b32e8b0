"""A worker on a socket for tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from typing import Any

ROOT = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "Sources/Execution/Resources/python",
)


if ROOT not in sys.path:
    sys.path.insert(0, ROOT)


def children(pid: int) -> list[int]:
    """The children of a process, oldest first."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


class Worker:
    """A warm parent of its own, in a temporary folder."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="ingot-worker-")
        self.path = os.path.join(self.directory, "s")
        code = (
            f"import sys; sys.path.insert(0, {ROOT!r}); "
            "from ingot_worker.__main__ import main; main()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", code, "serve", self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == b"ready\n", line
        self.number = 0

    def open(self, is_light: bool = False) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path + ".light" if is_light else self.path)
        return connection

    @property
    def imported(self) -> int:
        """The process with the libraries: the first child of the warm parent."""
        return children(self.process.pid)[0]

    def steps(self) -> list[int]:
        """The processes of both, beside themselves."""
        imported, *others = children(self.process.pid)
        return others + children(imported)

    def new_output(self) -> str:
        self.number += 1
        output = os.path.join(self.directory, f"out{self.number}")
        os.mkdir(output)
        return output

    def request(self, kind: str, program: Any, inputs: Any, **more: Any) -> dict[str, Any]:
        return {
            "protocol": 1,
            "run": "r",
            "kind": kind,
            "program": program,
            "seed": 17,
            "threads": 1,
            "memory_bytes": 2 << 30,
            "inputs": inputs,
            "output": self.new_output(),
            "log": os.path.join(self.directory, "log"),
            **more,
        }

    def send(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        with self.open(is_light=request["kind"] == "noop") as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as file:
                return [json.loads(line) for line in file]

    def run(self, kind: str, program: Any, inputs: Any, **more: Any) -> tuple[str, Any]:
        """The output directory and the result's metadata or the error."""
        request = self.request(kind, program, inputs, **more)
        events = self.send(request)
        assert events[0]["event"] in ("started", "error"), events
        assert events[-1]["event"] == "exit", events
        return request["output"], events[-2].get("metadata", events[-2])

    def file(self, name: str, content: bytes | str) -> str:
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(5)
        self.process.stdout.close()
        shutil.rmtree(self.directory)


class WorkerCase(unittest.TestCase):
    worker: Worker

    @classmethod
    def setUpClass(cls) -> None:
        cls.worker = Worker()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.worker.close()

    def read(self, output: str, name: str) -> bytes:
        with open(os.path.join(output, name), "rb") as file:
            return file.read()

    def rows(self, output: str) -> list[Any]:
        """The rows of data.parquet, which is all that the output holds."""
        import duckdb

        self.assertEqual(os.listdir(output), ["data.parquet"])
        path = os.path.join(output, "data.parquet")
        with duckdb.connect() as connection:
            return connection.execute(f"FROM '{path}'").fetchall()


def training_set(path: str, rows: int = 3000, columns: int = 6, nulls: bool = True) -> None:
    """Six numeric features with nulls, two categorical ones, one of them with rare values, and
    labels: late (BOOLEAN), grade (VARCHAR), minutes (DOUBLE), count (BIGINT: 2, 10, 30),
    one (BOOLEAN, always false), gaps (BOOLEAN with nulls)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    x = random.normal(size=(rows, columns)).astype(np.float32)
    c1 = random.choice(["EWR", "JFK", "LGA", ""], size=rows)
    c2 = np.array([f"t{int(v)}" for v in random.exponential(8, rows)])
    score = x[:, 0] + (c1 == "JFK") + random.normal(size=rows)
    if nulls:
        x[random.random(x.shape) < 0.05] = np.nan
    split = np.array(["train", "validation", "test"])[random.choice(3, rows, p=[0.6, 0.2, 0.2])]
    arrays = {f"x{i}": pa.array(x[:, i], from_pandas=True) for i in range(columns)}
    arrays |= {
        "c1": pa.array(c1),
        "c2": pa.array(c2),
        "late": pa.array(score > 0.5),
        "grade": pa.array(np.where(score < 0, "a", np.where(score < 1, "b", "c"))),
        "minutes": pa.array((score * 10).astype(np.float64)),
        "one": pa.array([False] * rows),
        "count": pa.array(np.where(score < 0, 2, np.where(score < 1, 10, 30))),
        "gaps": pa.array([None if i % 7 == 0 else True for i in range(rows)]),
        "__split": pa.array(split),
    }
    pq.write_table(pa.table(arrays), path)


def program(algorithm: str, task: str, **more: Any) -> dict[str, Any]:
    label = {"binary": "late", "multiclass": "grade", "regression": "minutes"}[task.split("-")[0]]
    linear = algorithm in ("ridge", "logistic-regression")
    forest = algorithm == "random-forest"
    small = {
        "lightgbm": {"n_estimators": 20},
        "xgboost": {"n_estimators": 20},
        "random-forest": {"n_estimators": 20, "max_depth": 8},
        "hist-gradient-boosting": {"max_iter": 20},
    }
    return {
        "task": task,
        "label": label,
        "features": [
            *({"name": f"x{i}", "type": "numeric", "required": i != 1} for i in range(6)),
            {"name": "c1", "type": "categorical", "required": False},
            {"name": "c2", "type": "categorical"},
        ],
        "preprocessing": {
            "numeric": {
                "impute": "median" if linear or forest else "none",
                "scale": "standard" if linear else "none",
            },
            "categorical": {"encode": "one-hot", "minFrequency": 20},
        },
        "algorithm": {"name": algorithm, "parameters": small.get(algorithm, {})},
        "parity": {"absolute": 1e-4, "relative": 1e-4},
        **more,
    }
