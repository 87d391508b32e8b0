"""Expectations: the ones that hold, those that fail, those that cannot be checked."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any

from support import WorkerCase

ROWS = (
    "('EWR', '1.5', DATE '2013-01-01'), ('EWR', NULL, NULL), "
    "('LGA', '30', NULL), (NULL, 'nan', NULL)"
)
HINTS = {
    "schemaDrift": "correct the schema or the source, or lower the severity of the expectation",
    "freshness": "bring newer data, or change 'maxAge' or the severity of the expectation",
    "rowCount": "correct the data, or change the bounds or the severity of the expectation",
}


class ExpectationTests(WorkerCase):
    inputs: dict[str, Any]

    def setUp(self) -> None:
        self.inputs = {
            "dataset": self.table(
                f"SELECT o AS origin, d::DOUBLE AS delay, day FROM (VALUES {ROWS}) v(o, d, day)"
            ),
            "reference:airports": self.table(
                "SELECT 'EWR' AS faa, TIMESTAMP '2013-01-04 01:00:00' AS seen"
            ),
        }

    def table(self, query: str) -> dict[str, str]:
        output, _ = self.worker.run("features", {"sql": {"query": query}}, {})
        return {"data.parquet": os.path.join(output, "data.parquet")}

    def check(
        self, *checks: dict[str, Any], schema: Any = None, **more: Any
    ) -> tuple[list[Any], Any, list[Any]]:
        """The verdicts in profile.json, the result or the error, and the warnings."""
        program = {"schema": schema or [], "expectations": list(checks), **more}
        request = self.worker.request("profile", program, self.inputs)
        self.kept = request["log"].removesuffix(".log") + ".profile.json"
        events = self.worker.send(request)
        warnings = [e["message"] for e in events if e.get("level") == "warning"]
        written: list[Any] = []
        if os.listdir(request["output"]):
            written = json.loads(self.read(request["output"], "profile.json"))["expectations"]
        return written, events[-2].get("metadata", events[-2]), warnings

    def fails(self, check: dict[str, Any], message: str, **more: Any) -> None:
        written, error, _ = self.check(check, **more)
        self.assertEqual(
            (error["class"], error["code"], error["message"], error["hint"]),
            (
                "data",
                "ExpectationFailed",
                message,
                HINTS.get(
                    check["check"],
                    "correct the data, or lower 'mostly' or the severity of the expectation",
                ),
            ),
        )
        self.assertIs(written[0]["passed"], False)
        with open(self.kept, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["expectations"], written)

    def refused(self, check: dict[str, Any], code: str, message: str, hint: str) -> None:
        written, error, _ = self.check(check)
        self.assertEqual(
            (error["class"], error["code"], error["message"], error["hint"]),
            ("config", code, message, hint),
        )
        self.assertEqual(written, [])

    def test_that_hold(self) -> None:
        written, result, warnings = self.check(
            {"check": "unique", "columns": ["origin"], "mostly": 0.5, "severity": "error"},
            {"check": "notNull", "column": "day", "severity": "warning"},
            {"check": "values", "column": "origin", "in": ["EWR", "LGA"]},
            {"check": "between", "column": "delay", "min": None, "max": 29, "mostly": 0.5},
            {"check": "rowCount", "min": 1, "max": None},
            {"check": "regex", "column": "origin", "pattern": "[A-Z]{3}"},
            {"check": "sql", "condition": "delay > 0 -- or nothing"},
            {"check": "sql", "query": "SELECT * FROM dataset WHERE false;"},
            {"check": "freshness", "column": "day", "maxAge": "1d", "asOf": "2013-01-02"},
        )
        self.assertEqual(result["failed"], 1, result)
        verdicts = [(c["passed"], c["failing"]) for c in written]
        # NaN is greater than every number.
        self.assertEqual(
            verdicts,
            [(True, 2), (False, 3), (True, 0), (True, 2), (True, 0)] + [(True, 0)] * 4,
        )
        self.assertEqual(
            warnings,
            [
                'notNull of day failed for 3 of 4 rows: {"row": 1, "day": null}; '
                '{"row": 2, "day": null}; {"row": 3, "day": null}'
            ],
        )
        self.assertEqual(result["warnings"], warnings)

    def test_of_rows_that_fail(self) -> None:
        self.fails(
            {"check": "between", "column": "delay", "min": 2, "max": None, "mostly": 0.76},
            'between of delay failed for 1 of 4 rows: {"row": 0, "delay": 1.5}',
        )
        self.fails(
            {"check": "unique", "columns": ["origin"]},
            'unique of origin failed for 2 of 4 rows: {"row": 0, "origin": "EWR"}; '
            '{"row": 1, "origin": "EWR"}',
        )
        self.fails(
            {"check": "values", "column": "origin", "in": ["EWR", "JFK"]},
            'values of origin failed for 1 of 4 rows: {"row": 2, "origin": "LGA"}',
        )
        self.fails(
            {"check": "regex", "column": "origin", "pattern": "E|L"},
            'regex of origin failed for 3 of 4 rows: {"row": 0, "origin": "EWR"}; '
            '{"row": 1, "origin": "EWR"}; {"row": 2, "origin": "LGA"}',
        )
        self.fails(
            {
                **{"check": "foreignKey", "columns": ["origin"]},
                **{"dataset": "airports", "references": ["faa"]},
            },
            "foreignKey of origin in dataset/airports (faa) failed for 1 of 4 rows: "
            '{"row": 2, "origin": "LGA"}',
        )
        self.fails(
            {"check": "sql", "condition": "delay < 10 -- or so"},
            'sql delay < 10 -- or so failed for 2 of 4 rows: {"row": 2, "delay": 30.0}; '
            '{"row": 3, "delay": null}',
        )
        self.fails(
            {
                "check": "sql",
                "query": "SELECT origin, count(*) AS n FROM dataset GROUP BY origin "
                "HAVING count(*) > 1 ORDER BY origin",
            },
            "sql SELECT origin, count(*) AS n FROM dataset GROUP BY origin HAVING count(*) > 1 "
            'ORDER BY origin failed for 1 of 4 rows: {"origin": "EWR", "n": 2}',
        )
        _, error, _ = self.check(
            {"check": "rowCount", "min": 5, "max": None}, {"check": "notNull", "column": "day"}
        )
        self.assertEqual(
            error["message"],
            "rowCount failed: the dataset has 4 rows instead of at least 5 "
            "(and 1 more failed expectation)",
        )

    def test_a_key_of_the_same_dataset(self) -> None:
        written, _, _ = self.check(
            {
                **{"check": "foreignKey", "columns": ["origin"]},
                **{"dataset": "flights", "references": ["origin"]},
            }
        )
        self.assertEqual((written[0]["passed"], written[0]["failing"]), (True, 0))

    def test_of_the_whole_that_fail(self) -> None:
        self.fails(
            {"check": "rowCount", "min": 1000, "max": 2000},
            "rowCount failed: the dataset has 4 rows instead of at least 1,000 and at most 2,000",
        )
        self.fails(
            {"check": "freshness", "column": "day", "maxAge": "1d", "asOf": "2013-01-02T06:00:00"},
            "freshness of day failed: its newest value, 2013-01-01T00:00:00, is 1d 6h older than "
            "2013-01-02T06:00:00; at most 1d is allowed",
        )
        compared = {"comparedTo": {"dataset": "airports", "column": "seen"}}
        self.fails(
            {"check": "freshness", "column": "day", "maxAge": "72h", **compared},
            "freshness of day failed: its newest value, 2013-01-01T00:00:00, is 3d 1h older than "
            "the newest seen of dataset/airports, 2013-01-04T01:00:00; at most 72h is allowed",
        )

    def drift(self, content: str, form: str = "csv", *drifts: str) -> dict[str, Any]:
        name = f"source.{form}"
        self.inputs["source:source"] = {"file": self.worker.file(name, content)}
        self.source = {"format": form, "nullValues": [], "path": "data/" + name, "schema": []}
        return {"check": "schemaDrift", "drifts": list(drifts)}

    def test_drift_of_the_source(self) -> None:
        schema = [
            {"name": "origin", "type": "string", "nullable": True},
            {"name": "delay", "type": "double", "nullable": True},
        ]
        both = ("extraColumns", "types")
        check = self.drift("origin,delay,gate\nEWR,1,2\n", "csv", *both)
        self.fails(
            check,
            "schemaDrift failed: the source has the column 'gate', not in the schema",
            schema=schema,
            source=self.source,
        )
        check = self.drift('{"origin": "EWR", "delay": "1", "x": 1, "y": 2}\n', "json", *both)
        self.fails(
            check,
            "schemaDrift failed: the source has the columns 'x', 'y', not in the schema; "
            "column 'delay' is of type string in the source, double in the schema",
            schema=schema,
            source=self.source,
        )
        written, _, _ = self.check(
            self.drift("origin,delay,gate\nEWR,1,2\n", "csv", "types"),
            schema=schema,
            source=self.source,
        )
        self.assertIs(written[0]["passed"], True)

    def test_drift_of_a_query(self) -> None:
        self.inputs["source:dataset"] = self.inputs["dataset"]
        query = "SELECT origin, delay::BIGINT AS delay, 1 AS one FROM dataset"
        self.fails(
            {"check": "schemaDrift", "drifts": ["extraColumns", "types"]},
            "schemaDrift failed: the source has the column 'one', not in the schema; "
            "column 'delay' is of type integer in the source, double in the schema",
            schema=[{"name": "origin", "type": "string"}, {"name": "delay", "type": "double"}],
            source={"sql": {"query": query}, "schema": []},
        )

    def test_drift_of_a_source_outside(self) -> None:
        schema = [{"name": "origin", "type": "string"}, {"name": "delay", "type": "double"}]
        check = {"check": "schemaDrift", "drifts": ["extraColumns", "types"]}
        columns = [
            {"name": "origin", "type": "string"},
            {"name": "delay", "type": "integer"},
            {"name": "gate", "type": None},
        ]
        self.fails(
            {**check, "source": columns},
            "schemaDrift failed: the source has the column 'gate', not in the schema; "
            "column 'delay' is of type integer in the source, double in the schema",
            schema=schema,
        )
        self.fails(
            {**check, "source": None},
            "schemaDrift failed: ingot.lock does not say which columns the source had; run "
            "`ingot snapshot`",
            schema=schema,
        )
        written, _, _ = self.check({**check, "source": columns[:1]}, schema=schema)
        self.assertIs(written[0]["passed"], True)

    def test_that_cannot_be_checked(self) -> None:
        self.refused(
            {"check": "notNull", "column": "orign"},
            "ColumnMissing",
            "the check 'notNull' names the column 'orign', which the dataset does not have",
            "did you mean 'origin'?",
        )
        self.refused(
            {
                **{"check": "foreignKey", "columns": ["origin"]},
                **{"dataset": "airports", "references": ["fa"]},
            },
            "ColumnMissing",
            "the check 'foreignKey' names the column 'fa', which dataset/airports does not have",
            "did you mean 'faa'?",
        )
        self.refused(
            {"check": "notNul", "column": "origin"},
            "UnknownCheck",
            "unknown check 'notNul'",
            "did you mean 'notNull'?",
        )
        self.refused(
            {"check": "regex", "column": "delay", "pattern": "."},
            "ColumnType",
            "the check 'regex' needs a column of type string, but 'delay' is of type double",
            "name another column",
        )
        self.refused(
            {"check": "regex", "column": "origin", "pattern": "\\p{Grek}"},
            "ExpectationInvalid",
            "expectation 1 ('regex') cannot be checked: Invalid Input Error: "
            "invalid character class range: \\p{Grek}",
            "correct the pattern; the syntax is RE2's",
        )
        hint = "correct the SQL; the table is dataset, the dialect DuckDB's"
        self.refused(
            {"check": "sql", "condition": "orign = 'EWR'"},
            "ExpectationInvalid",
            "expectation 1 ('sql') cannot be checked: Binder Error: Referenced column \"orign\" "
            'not found in FROM clause! Candidate bindings: "origin", "file_row_number" '
            "(in: orign = 'EWR')",
            hint,
        )
        self.refused(
            {"check": "sql", "condition": "delay >"},
            "ExpectationInvalid",
            "expectation 1 ('sql') cannot be checked: Parser Error: syntax error at or "
            'near ">" (in: delay >)',
            hint,
        )
        self.refused(
            {"check": "sql", "query": "DROP VIEW dataset"},
            "NotOneQuery",
            "the query must be one SELECT statement, but it is: DROP",
            "write one SELECT; it may start with WITH",
        )
        self.refused(
            {"check": "sql", "query": "SELECT * FROM read_csv('/etc/passwd')"},
            "ExpectationInvalid",
            "expectation 1 ('sql') cannot be checked: Permission Error: Cannot access file "
            '"/etc/passwd" - file system operations are disabled by configuration '
            "(in: DESCRIBE SELECT * FROM read_csv('/etc/passwd'))",
            hint,
        )


if __name__ == "__main__":
    unittest.main()
