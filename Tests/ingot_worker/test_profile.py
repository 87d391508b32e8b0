"""Profiles and expectations."""

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


class ProfileTests(WorkerCase):
    def setUp(self) -> None:
        query = f"SELECT o AS origin, d::DOUBLE AS delay, day FROM (VALUES {ROWS}) v(o, d, day)"
        sql = {"sql": {"statements": [], "query": query}}
        output, _ = self.worker.run("features", sql, {})
        self.inputs = {"dataset": {"data.parquet": os.path.join(output, "data.parquet")}}

    def profile(self, *checks: dict[str, Any]) -> tuple[Any, Any, list[Any]]:
        """What profile.json holds, the result or the error, and the warnings."""
        request = self.worker.request(
            "profile", {"schema": [], "expectations": list(checks)}, self.inputs
        )
        events = self.worker.send(request)
        warnings = [e["message"] for e in events if e.get("level") == "warning"]
        self.assertEqual(os.listdir(request["output"]), ["profile.json"])
        written = json.loads(self.read(request["output"], "profile.json"))
        return written, events[-2].get("metadata", events[-2]), warnings

    def test_statistics(self) -> None:
        written, result, _ = self.profile()
        self.assertEqual(result["rows"], 4)
        self.assertEqual(
            written,
            {
                "rows": 4,
                "expectations": [],
                "columns": [
                    {
                        **{"name": "origin", "type": "string", "nulls": 1, "distinct": 2},
                        **{"min": "EWR", "max": "LGA", "mean": None},
                    },
                    {
                        **{"name": "delay", "type": "double", "nulls": 1, "distinct": 3},
                        **{"min": 1.5, "max": 30.0, "mean": 15.75},
                    },
                    {
                        **{"name": "day", "type": "date", "nulls": 3, "distinct": 1},
                        **{"min": "2013-01-01", "max": "2013-01-01", "mean": None},
                    },
                ],
            },
        )

    def test_expectations_that_hold(self) -> None:
        written, result, warnings = self.profile(
            {"check": "unique", "columns": ["origin"], "mostly": 0.5, "severity": "error"},
            {"check": "notNull", "column": "day", "severity": "warning"},
            {"check": "values", "column": "origin", "in": ["EWR", "LGA"]},
            {"check": "between", "column": "delay", "min": None, "max": 29, "mostly": 0.5},
            {"check": "rowCount", "min": 1, "max": None},
        )
        self.assertEqual(result["failed"], 1, result)
        verdicts = [(c["passed"], c["failing"]) for c in written["expectations"]]
        # NaN is greater than every number.
        self.assertEqual(verdicts, [(True, 2), (False, 3), (True, 0), (True, 2), (True, 0)])
        self.assertEqual(
            warnings,
            [
                'notNull of day failed for 3 of 4 rows: {"row": 1, "day": null}; '
                '{"row": 2, "day": null}; {"row": 3, "day": null}'
            ],
        )

    def test_expectations_that_fail(self) -> None:
        for check, message in (
            (
                {"check": "between", "column": "delay", "min": 2, "max": None, "mostly": 0.76},
                'between of delay failed for 1 of 4 rows: {"row": 0, "delay": 1.5}',
            ),
            (
                {"check": "unique", "columns": ["origin"]},
                'unique of origin failed for 2 of 4 rows: {"row": 0, "origin": "EWR"}; '
                '{"row": 1, "origin": "EWR"}',
            ),
            (
                {"check": "values", "column": "origin", "in": ["EWR", "JFK"]},
                'values of origin failed for 1 of 4 rows: {"row": 2, "origin": "LGA"}',
            ),
            (
                {"check": "rowCount", "min": 1000, "max": 2000},
                "rowCount failed: the dataset has 4 rows instead of at least 1,000 and at most "
                "2,000",
            ),
        ):
            with self.subTest(check["check"]):
                written, error, _ = self.profile(check)
                self.assertEqual(
                    (error["class"], error["code"], error["message"], error["hint"]),
                    (
                        "data",
                        "ExpectationFailed",
                        message,
                        "correct the data, or lower 'mostly' or the severity of the expectation",
                    ),
                )
                self.assertIs(written["expectations"][0]["passed"], False)
        _, error, _ = self.profile(
            {"check": "rowCount", "min": 5, "max": None}, {"check": "notNull", "column": "day"}
        )
        self.assertEqual(
            error["message"],
            "rowCount failed: the dataset has 4 rows instead of at least 5 "
            "(and 1 more failed expectation)",
        )

    def test_unknown_column_and_check(self) -> None:
        for check, message, hint in (
            (
                {"check": "notNull", "column": "orign"},
                "the check 'notNull' names the column 'orign', which the dataset does not have",
                "did you mean 'origin'?",
            ),
            (
                {"check": "notNul", "column": "origin"},
                "unknown check 'notNul'",
                "did you mean 'notNull'?",
            ),
        ):
            program = {"schema": [], "expectations": [check]}
            _, error = self.worker.run("profile", program, self.inputs)
            self.assertEqual(
                (error["class"], error["message"], error["hint"]), ("config", message, hint)
            )


if __name__ == "__main__":
    unittest.main()
