"""Looks of commands: differences of snapshots, features of a spine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from typing import Any

from support import ROOT


class LookCase(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="ingot-look-")
        self.output = os.path.join(self.folder, "output")
        self.addCleanup(shutil.rmtree, self.folder)

    def table(self, name: str, query: str) -> dict[str, str]:
        import duckdb

        path = os.path.join(self.folder, name + ".parquet")
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        return {"data.parquet": path}

    def look(self, kind: str, program: Any, inputs: Any) -> dict[str, Any]:
        """The result or the error."""
        shutil.rmtree(self.output, ignore_errors=True)
        os.mkdir(self.output)
        request = {
            **{"protocol": 1, "run": "look", "kind": kind, "program": program, "inputs": inputs},
            **{"output": self.output, "log": "", "memory_bytes": 2 << 30, "threads": 2},
        }
        with open(os.path.join(self.folder, "request.json"), "w") as file:
            json.dump(request, file)
        program_text = f"import sys; sys.path.insert(0, {ROOT!r}); "
        program_text += "from ingot_worker.__main__ import main; main()"
        command = [sys.executable, "-I", "-c", program_text, "look", self.folder]
        subprocess.run(command, check=False)
        with open(os.path.join(self.folder, "reply.json")) as file:
            reply: dict[str, Any] = json.load(file)
        return reply


class DiffTests(LookCase):
    def diff(self, old: str, new: str, key: list[str]) -> dict[str, Any]:
        inputs = {"old": self.table("old", old), "new": self.table("new", new)}
        reply = self.look("diff", {"key": key}, inputs)
        self.assertEqual(reply["event"], "result", reply)
        with open(os.path.join(self.output, "diff.json")) as file:
            found: dict[str, Any] = json.load(file)
        return found

    def test_rows_by_key(self) -> None:
        found = self.diff(
            "SELECT * FROM (VALUES (1, 'a', 1.0::DOUBLE, 5), (2, 'b', NULL, 5), "
            "(3, 'c', 'nan', 5), (NULL, 'd', 4, 5)) v(id, s, x, gone)",
            "SELECT * FROM (VALUES (4, 'e', 9.0::DOUBLE, true), (3, 'c', 'nan', true), "
            "(2, 'B', 2.5, NULL), (NULL, 'd', 4, NULL)) v(id, s, x, here)",
            ["id"],
        )
        self.assertEqual(
            found["columns"],
            {
                "added": [{"name": "here", "type": "boolean"}],
                "removed": [{"name": "gone", "type": "integer"}],
                "retyped": [],
                "common": ["id", "s", "x"],
            },
        )
        self.assertEqual(
            found["rows"],
            {
                **{"old": 4, "new": 4, "key": ["id"]},
                **{"added": 1, "removed": 1, "changed": 1, "unchanged": 2},
                "changedColumns": {"s": 1, "x": 1},
                "examples": {
                    "added": [{"id": 4, "s": "e", "x": 9.0}],
                    "removed": [{"id": 1, "s": "a", "x": 1.0}],
                    "changed": [
                        {
                            "key": {"id": 2},
                            "changes": {
                                "s": {"old": "b", "new": "B"},
                                "x": {"old": None, "new": 2.5},
                            },
                        }
                    ],
                },
            },
        )

    def test_whole_rows_count_as_often_as_they_occur(self) -> None:
        old = "SELECT * FROM (VALUES (1, 'a'), (1, 'a'), (2, NULL), (3, 'c')) v(id, s)"
        new = "SELECT * FROM (VALUES (2, NULL), (1, 'a'), (4, 'd'), (4, 'd'), (3, 'c')) v(id, s)"
        found = self.diff(old, new, ["id"])["rows"]
        self.assertEqual(
            found,
            {
                **{"old": 4, "new": 5, "key": []},
                "keyProblem": "the key is not unique in the old snapshot",
                **{"added": 2, "removed": 1, "changed": None, "unchanged": 3},
                "examples": {"added": [{"id": 4, "s": "d"}], "removed": [{"id": 1, "s": "a"}]},
            },
        )
        self.assertIsNone(self.diff(old, new, [])["rows"]["keyProblem"])

    def test_types_and_distributions(self) -> None:
        found = self.diff(
            "SELECT i AS id, i::BIGINT AS n, (i % 100)::DOUBLE AS x, 'k' || i % 30 AS s, "
            "TIMESTAMP '2013-01-01' + INTERVAL 1 HOUR * i AS t FROM range(10000) r(i)",
            "SELECT i AS id, i::DOUBLE AS n, (i % 100 + 30)::DOUBLE AS x, 'k' || i % 30 AS s, "
            "TIMESTAMP '2013-01-01' + INTERVAL 1 HOUR * i AS t FROM range(10000) r(i)",
            ["id"],
        )
        self.assertEqual(
            found["columns"]["retyped"], [{"name": "n", "old": "integer", "new": "double"}]
        )
        index = {d["name"]: d["index"] for d in found["distributions"]}
        self.assertEqual([index[name] for name in ("id", "s", "t")], [0, 0, 0])
        self.assertGreater(index["x"], 0.25)
        self.assertEqual(found["distributions"][1]["new"]["mean"], 79.5)


SPINE_SQL = {
    "statements": [
        'CREATE TEMP TABLE "rows" AS SELECT file_row_number AS __row, '
        'CAST("at" AS TIMESTAMP) AS __timestamp, * EXCLUDE (file_row_number) FROM "spine"'
    ],
    "query": 'SELECT r.* EXCLUDE (__row, __timestamp), v.temp AS "weather__temp" FROM "rows" AS r '
    'LEFT JOIN "view:weather" AS v ON r.origin = v.origin ORDER BY r.__row',
}


class SpineTests(LookCase):
    def features(self, content: str, form: str = "csv") -> dict[str, Any]:
        path = os.path.join(self.folder, "spine." + form)
        with open(path, "w") as file:
            file.write(content)
        program = {
            **{"sql": SPINE_SQL, "path": "spine." + form, "format": form, "timestamp": "at"},
            **{"entity": [{"name": "origin"}], "features": ["weather__temp"]},
        }
        view = self.table("view", "SELECT 'EWR' AS origin, 1.5 AS temp")
        return self.look("spine-features", program, {"spine": {"file": path}, "view:weather": view})

    def fails(self, content: str, message: str, hint: str) -> None:
        reply = self.features(content)
        self.assertEqual(
            (reply.get("class"), reply.get("message"), reply.get("hint")), ("data", message, hint)
        )

    def test_rows_keep_their_order_and_columns(self) -> None:
        import duckdb

        reply = self.features(
            "n,origin,at\n3,EWR,2013-01-01\n1,LGA,2013-01-02T05:00:00+01:00\n2,,2013-01-03\n"
        )
        self.assertEqual(reply.get("metadata", reply).get("rows"), 3)
        with duckdb.connect() as connection:
            path = os.path.join(self.output, "data.parquet")
            rows = connection.execute(f"SELECT n, origin, weather__temp FROM '{path}'").fetchall()
        self.assertEqual(
            [(n, o, t and float(t)) for n, o, t in rows],
            [(3, "EWR", 1.5), (1, "LGA", None), (2, None, None)],
        )

    def test_spines_that_do_not_fit(self) -> None:
        self.fails(
            "orign,at\nEWR,2013-01-01\n",
            "spine.csv has no column 'origin'; it has: orign, at",
            "is it 'orign'? Then rename that column of the spine",
        )
        self.fails(
            "origin,at\nEWR,2013-01-01\nEWR,\nEWR,soon\n",
            "spine.csv, line 3: column 'at' has nothing, which is not a timestamp (2 such rows)",
            "every row of a spine needs the time as of which its features are wanted",
        )
        self.fails(
            "origin,at\nEWR,1\n",
            "spine.csv, line 2: column 'at' has '1', which is not a timestamp",
            "every row of a spine needs the time as of which its features are wanted",
        )
        self.fails(
            "origin,at,weather__temp\nEWR,2013-01-01,1\n",
            "spine.csv has a column 'weather__temp', which is the name of a column that is added",
            "rename the column of the spine",
        )
        self.fails("", "spine.csv is empty", "copy the file again")


if __name__ == "__main__":
    unittest.main()
