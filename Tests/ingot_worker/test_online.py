"""The step `online`: what its files hold, and that their bytes follow from the rows."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import unittest
from typing import Any

from support import WorkerCase

OUTPUTS = [
    {"name": "v__temp", "type": "float", "maxAgeSeconds": 3600, "isWindow": False},
    {"name": "v__sky", "type": "string", "maxAgeSeconds": None, "isWindow": False},
]


def sql(query: str) -> dict[str, Any]:
    return {"statements": [], "query": query}


def program(values: str, entity: str = "origin") -> dict[str, Any]:
    head = "SELECT NULL::{0} AS \"key:0\", NULL::BIGINT, 77::BIGINT, 0::FLOAT, ''"
    kind = "VARCHAR" if entity == "origin" else entity
    return {
        "sql": sql(f"{head.format(kind)} UNION ALL {values}"),
        "sample": sql(
            "SELECT 'JFK', 77, '-0'::FLOAT, '' UNION ALL SELECT NULL, 78, 'nan'::FLOAT, 'x'"
        ),
        "view": "v",
        "entity": [entity],
        "lags": [],
        "outputs": OUTPUTS,
    }


VALUES = (
    "SELECT * FROM (VALUES ('EWR', 5, 77, '-0'::FLOAT, 'clear'), ('JFK', 6, 77, NULL, ''), "
    "('LGA', 7, 77, 'inf'::FLOAT, 'fog')) v(a, b, c, d, e)"
)


class OnlineTests(WorkerCase):
    def file(self, folder: str) -> sqlite3.Connection:
        connection = sqlite3.connect(os.path.join(folder, "online.sqlite"))
        self.addCleanup(connection.close)
        return connection

    def test_the_file_and_the_sample(self) -> None:
        output, result = self.worker.run("online", program(VALUES), {})
        self.assertEqual((result["rows"], result["sample"]), (3, 2), result)
        file = self.file(output)
        rows = file.execute("SELECT * FROM features").fetchall()
        self.assertEqual(
            [struct.pack("<d", row[2]) if row[2] is not None else None for row in rows],
            [struct.pack("<d", -0.0), None, struct.pack("<d", float("inf"))],
        )
        self.assertEqual(
            [(r[0], r[1], r[3]) for r in rows],
            [("EWR", 5, "clear"), ("JFK", 6, ""), ("LGA", 7, "fog")],
        )
        self.assertEqual(
            dict(file.execute("SELECT * FROM about").fetchall()),
            {"as_of": 77, "entities": 3, "format": 1, "view": "v"},
        )
        self.assertEqual(file.execute("SELECT * FROM keys").fetchall(), [(0, "origin", "string")])
        self.assertEqual(
            file.execute("SELECT * FROM outputs").fetchall(),
            [(0, "v__temp", "float", 3600, 0, 0.0), (1, "v__sky", "string", None, 0, "")],
        )
        with open(os.path.join(output, "sample.json"), encoding="utf-8") as sample:
            self.assertEqual(
                json.load(sample)["rows"],
                [
                    {"key": ["JFK"], "at": 77, "values": [0x80000000, ""]},
                    {"key": [None], "at": 78, "values": [None, "x"]},
                ],
            )
        self.assertEqual(sorted(os.listdir(output)), ["online.sqlite", "sample.json"])

    def test_a_file_with_rows_that_lag_behind(self) -> None:
        values = (
            'SELECT NULL::VARCHAR AS "key:0", NULL::BIGINT, 77::BIGINT, NULL::BIGINT, 0::FLOAT, '
            "NULL::FLOAT UNION ALL SELECT 'EWR', 5, 77, 3, 1.5, 2.5 "
            "UNION ALL SELECT 'JFK', 6, 77, NULL, 1.5, NULL"
        )
        lagged = {**OUTPUTS[0], "name": "v__before", "lag": 2}
        body = {**program(VALUES), "lags": [2], "outputs": [OUTPUTS[0], lagged]}
        output, _ = self.worker.run("online", {**body, "sql": sql(values)}, {})
        file = self.file(output)
        features = file.execute("SELECT * FROM features")
        self.assertEqual(
            [column[0] for column in features.description],
            ["origin", "__event", "__event:2", "v__temp", "v__before"],
        )
        self.assertEqual(
            features.fetchall(), [("EWR", 5, 3, 1.5, 2.5), ("JFK", 6, None, 1.5, None)]
        )
        self.assertEqual(
            file.execute("SELECT name, unknown, lag FROM outputs").fetchall(),
            [("v__temp", 0.0, 0), ("v__before", None, 2)],
        )
        self.assertEqual(
            file.execute("SELECT value FROM about WHERE name = 'format'").fetchall(), [(2,)]
        )

    def test_the_same_rows_give_the_same_bytes(self) -> None:
        values = (
            "SELECT 'k' || (100000 + i), i, 77, i * 0.1::FLOAT, 't' || i % 7 FROM range(50000) r(i)"
        )
        copies = set()
        for threads in (1, 2, 1):
            output, _ = self.worker.run("online", program(values), {}, threads=threads)
            copies.add((self.read(output, "online.sqlite"), self.read(output, "sample.json")))
        self.assertEqual(len(copies), 1)

    def test_entities_that_cannot_be_asked_for(self) -> None:
        values = "SELECT 1.5::DOUBLE, 5, 77, 1::FLOAT, 'x'"
        _, error = self.worker.run("online", program(values, "DOUBLE"), {})
        self.assertEqual(
            (error["class"], error["code"], error["message"], error["hint"]),
            (
                "config",
                "EntityType",
                "the entity column 'DOUBLE' is a DOUBLE; an online view's entities are strings, "
                "whole numbers or booleans",
                "cast it in the dataset, or set 'online: false'",
            ),
        )

    def test_a_text_too_long_to_serve(self) -> None:
        values = "SELECT 'JFK', 5, 77, 1::FLOAT, repeat('x', 70000)"
        _, error = self.worker.run("online", program(values), {})
        self.assertEqual(
            (error["class"], error["code"], error["message"]),
            (
                "data",
                "TextTooLong",
                "a text of 70,000 bytes is too long to be served: 65,536 are possible",
            ),
        )

    def test_no_entity_at_all(self) -> None:
        output, result = self.worker.run("online", program(f"{VALUES} WHERE false"), {})
        self.assertEqual(result["rows"], 0, result)
        self.assertEqual(self.file(output).execute("SELECT * FROM features").fetchall(), [])


if __name__ == "__main__":
    unittest.main()
