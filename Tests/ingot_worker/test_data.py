from __future__ import annotations

import json
import os
import unittest

from support import WorkerCase

FLIGHTS = "data/flights.csv"
SCHEMA = [
    {"name": "origin", "type": "string", "nullable": False},
    {"name": "delay", "type": "integer", "nullable": True},
    {"name": "at", "type": "timestamp", "nullable": True},
]


def schema(**types: str) -> list[dict[str, object]]:
    return [{"name": n, "type": t, "nullable": True} for n, t in types.items()]


class SnapshotTests(WorkerCase):
    def snapshot(self, content: object, wanted: object = None, form: str = "csv") -> tuple:
        path = self.worker.file("source", content)
        body = {"format": form, "nullValues": ["NA"], "path": FLIGHTS, "schema": wanted or SCHEMA}
        if wanted == []:
            body["schema"] = []
        return self.worker.run("snapshot", body, {"source": {"file": path}})

    def rows(self, output: str) -> list:
        import duckdb

        self.assertEqual(os.listdir(output), ["data.parquet"])
        return duckdb.sql(f"FROM '{output}/data.parquet'").fetchall()

    def fails(self, content: object, code: str, message: str, hint: object = 0, **more) -> None:
        _, error = self.snapshot(content, **more)
        self.assertEqual(
            (error.get("class"), error.get("code"), error.get("message")),
            ("data", code, message),
            error,
        )
        if hint != 0:
            self.assertEqual(error["hint"], hint)

    def test_good(self) -> None:
        output, result = self.snapshot(
            "at,origin,delay,x\n2013-01-01T05:00:00+02:00,EWR,1.0,\n"
            '2013-01-01 06:00:00,"J,FK",NA,2\n2013-01-01T07:00:00Z,LGA,"",3\n'
        )
        self.assertEqual(result.get("rows"), 3, result)
        rows = [(o, d, str(a)) for o, d, a in self.rows(output)]
        self.assertEqual(
            rows,
            [
                ("EWR", 1, "2013-01-01 03:00:00"),
                ("J,FK", None, "2013-01-01 06:00:00"),
                ("LGA", None, "2013-01-01 07:00:00"),
            ],
        )

    def test_inferred_json_parquet(self) -> None:
        output, result = self.snapshot("a,b\n1,x\n2,NA\n", [])
        self.assertEqual(self.rows(output), [(1, "x"), (2, None)], result)
        output, result = self.snapshot('{"a":1,"b":"2"}\n{"a":"3"}\n', schema(b="integer"), "json")
        self.assertEqual(self.rows(output), [(2,), (None,)], result)
        with open(os.path.join(output, "data.parquet"), "rb") as file:
            content = file.read()
        output, _ = self.snapshot(content, schema(b="double"), "parquet")
        self.assertEqual(self.rows(output), [(2.0,), (None,)])
        self.fails(
            content[:-3],
            "FileTruncated",
            f"{FLIGHTS} is truncated: it has {len(content) - 3} bytes and no Parquet footer",
            wanted=schema(b="double"),
            form="parquet",
        )
        damaged = content[:-60] + b"x" * 52 + content[-8:]
        _, error = self.snapshot(damaged, schema(b="double"), "parquet")
        self.assertEqual((error["class"], error["code"]), ("data", "FileCorrupt"), error)

    def test_bad(self) -> None:
        self.fails("", "FileEmpty", "data/flights.csv is empty")
        self.fails("\n\n", "FileEmpty", "data/flights.csv is empty")
        self.fails(
            "orign,delay,at\n",
            "ColumnMissing",
            "data/flights.csv has no column 'origin'; it has: orign, delay, at",
            "did you mean 'orign'?",
        )
        self.fails(
            "1,2013,5\n2,2013,6\n",
            "ColumnMissing",
            "data/flights.csv has no column 'origin'; it has: 1, 2013, 5",
            "the first line must be a header that names the columns",
        )
        self.fails(
            'origin,delay,at\n"E\nR",1,\nJFK,1.5,\nLGA,x,\n',
            "BadValue",
            "data/flights.csv, line 4: column 'delay' has '1.5', which is not an integer "
            "(2 such values)",
        )
        self.fails(
            "origin,delay,at\nEWR,1,yesterday\n",
            "BadValue",
            "data/flights.csv, line 2: column 'at' has 'yesterday', which is not a timestamp",
        )
        self.fails(
            "origin,delay,at\nEWR,1,\nNA,2,\n,3,\n",
            "NullValue",
            "data/flights.csv: column 'origin' must not be null, but has 2 nulls, "
            "the first in line 3",
        )
        self.fails(
            "origin,delay,at\nEWR,1,\nJFK,2\n",
            "BadLine",
            "data/flights.csv, line 3: the line has 2 columns instead of 3",
        )
        self.fails(
            b"origin,delay,at\nE\xff\xfeR,1,\n",
            "NotUTF8",
            "data/flights.csv, line 2: the text is not UTF-8",
        )
        self.fails("a,a\n1,2\n", "BadHeader", "data/flights.csv has two columns named 'a'")
        self.fails(
            b"PK\x03\x04abc",
            "NotCSV",
            "data/flights.csv is a zip archive, not CSV",
            "unpack it first",
        )

    def test_sql(self) -> None:
        output, _ = self.snapshot("origin,delay,at\nEWR,1,\nJFK,2,\nLGA,3,\n")
        inputs = {"fl": {"data.parquet": os.path.join(output, "data.parquet")}}
        body = {"sql": {"statements": ["CREATE MACRO up(x) AS x + 1"], "query": ""}}
        body["sql"]["query"] = 'SELECT up(delay) AS d, file_row_number AS n FROM "fl" -- end'
        for kind in ("features", "training-set"):
            made, result = self.worker.run(kind, body, inputs)
            self.assertEqual(self.rows(made), [(2, 0), (3, 1), (4, 2)], result)
        checked = {**body, "schema": schema(d="string")}
        made, _ = self.worker.run("snapshot", checked, inputs)
        self.assertEqual(self.rows(made), [("2",), ("3",), ("4",)])
        for query, kind, code in (
            ("SELECT nothing FROM fl", "config", "SQLFailed"),
            ("SELEC 1", "config", "SQLFailed"),
            ("SELECT * FROM missing", "config", "SQLFailed"),
            ("SELECT CAST(origin AS INTEGER) FROM fl", "data", "BadData"),
        ):
            bad = {"sql": {"statements": [], "query": query}}
            _, error = self.worker.run("features", bad, inputs)
            self.assertEqual((error.get("class"), error.get("code")), (kind, code), error)

    def test_same_bytes_whatever_the_threads(self) -> None:
        query = "SELECT i, i * 0.1 AS d, 't' || (i % 97) AS t FROM range(700000) r(i)"
        body = {"sql": {"statements": [], "query": query}}
        output, _ = self.worker.run("features", body, {})
        inputs = {"dataset": {"data.parquet": os.path.join(output, "data.parquet")}}
        copies = set()
        body = {"sql": {"statements": [], "query": "SELECT i, d, t FROM dataset WHERE i % 3 > 0"}}
        for threads in (1, 2, 4, 2, 1):
            made, _ = self.worker.run("features", body, inputs, threads=threads)
            with open(os.path.join(made, "data.parquet"), "rb") as file:
                copies.add(file.read())
        self.assertEqual(len(copies), 1)

    def test_profile(self) -> None:
        output, _ = self.snapshot("origin,delay,at\nEWR,1,\nEWR,2,\nLGA,30,\n")
        inputs = {"dataset": {"data.parquet": os.path.join(output, "data.parquet")}}
        checks = [
            {"check": "unique", "columns": ["origin"], "mostly": 0.3, "severity": "error"},
            {"check": "notNull", "column": "at", "severity": "warning"},
            {"check": "values", "column": "origin", "in": ["EWR", "LGA"]},
            {"check": "rowCount", "min": 1, "max": None},
        ]
        made, result = self.worker.run(
            "profile", {"schema": SCHEMA, "expectations": checks}, inputs
        )
        self.assertEqual(result.get("failed"), 1, result)
        checks.append({"check": "between", "column": "delay", "min": 0, "max": 9})
        made, error = self.worker.run("profile", {"schema": SCHEMA, "expectations": checks}, inputs)
        self.assertEqual(
            (error.get("code"), error.get("message")),
            (
                "ExpectationFailed",
                'between of delay failed for 1 of 3 rows: {"row": 2, "delay": 30}',
            ),
            error,
        )
        with open(os.path.join(made, "profile.json")) as file:
            written = json.load(file)
        self.assertEqual(written["columns"][1]["mean"], 11.0)
        self.assertEqual([c["failing"] for c in written["expectations"]], [2, 3, 0, 0, 1])


if __name__ == "__main__":
    unittest.main()
