"""The leak guard: what was not known yet, and what separates the label too well."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any

from ingot_worker.separation import separations
from support import WorkerCase

ROWS = """
    SELECT file_row_number AS __row, CAST(t AS TIMESTAMP) AS __timestamp, *
    EXCLUDE (file_row_number) FROM "spine"
"""


class KnownTimeTests(WorkerCase):
    def run_set(self, rows: str, guard: dict[str, Any]) -> Any:
        """The result of a training set over spine rows (id, t, delay, landed)."""
        values = f"SELECT * FROM (VALUES {rows}) v(id, t, delay, landed)"
        output, _ = self.worker.run("features", {"sql": {"statements": [], "query": values}}, {})
        program = {
            "sql": {
                "statements": [f'CREATE TEMP TABLE "rows" AS {ROWS}'],
                "query": "SELECT id, delay, 'train' AS __split FROM \"rows\" ORDER BY __row",
            },
            "leakGuard": {
                "maxAUC": 0.98,
                "task": "regression",
                "label": "delay",
                "features": [],
                "timestamp": "t",
                "key": ["id"],
                "late": [
                    {"column": "delay", "knownAt": "landed", "use": "feature 'delay'"},
                ],
                **guard,
            },
        }
        inputs = {"spine": {"data.parquet": os.path.join(output, "data.parquet")}}
        return self.worker.run("training-set", program, inputs)[1]

    def test_known_before_the_prediction(self) -> None:
        rows = """
            (1, TIMESTAMP '2013-01-01 10:00:00', 5, TIMESTAMP '2013-01-01 09:59:59.999999'),
            (2, TIMESTAMP '2013-01-01 10:00:00', NULL, TIMESTAMP '2013-01-01 12:00:00'),
            (3, TIMESTAMP '2013-01-01 10:00:00', NULL, NULL)
        """
        self.assertEqual(self.run_set(rows, {})["rows"], 3)

    def test_known_at_the_very_moment_of_the_prediction_is_too_late(self) -> None:
        rows = """
            (7, TIMESTAMP '2013-01-01 09:00:00', 5, TIMESTAMP '2013-01-01 08:00:00'),
            (8, TIMESTAMP '2013-01-01 10:00:00', 5, TIMESTAMP '2013-01-01 10:00:00'),
            (9, TIMESTAMP '2013-01-01 10:00:00', 5, TIMESTAMP '2013-01-01 11:00:00')
        """
        error = self.run_set(rows, {})
        self.assertEqual((error["class"], error["code"]), ("data", "LeakedColumn"))
        self.assertEqual(
            error["message"],
            "feature 'delay' is known too late in 2 of 3 rows (66.7 %): where id is 8, it was "
            "known at 2013-01-01 10:00:00 by 'landed', but the prediction is made at 2013-01-01 "
            "10:00:00 ('t')",
        )
        self.assertEqual(
            error["hint"],
            "a model must not learn from what is not known yet: remove the column from the "
            "features, take an earlier value through a feature view, or leave such rows out with "
            "spine.where",
        )
        self.assertEqual(error["details"]["count"], 2)
        self.assertEqual(error["details"]["example"]["key"], {"id": "8"})

    def test_without_a_known_time_it_is_never_known(self) -> None:
        rows = "(1, TIMESTAMP '2013-01-01 10:00:00', 5, NULL::TIMESTAMP)"
        error = self.run_set(rows, {})
        self.assertEqual(
            error["message"],
            "feature 'delay' is known too late in 1 of 1 rows (100 %): where id is 1, it was "
            "never known (null) by 'landed', but the prediction is made at 2013-01-01 10:00:00 "
            "('t')",
        )


class WarningTests(WorkerCase):
    def run_set(self, query: str, task: str, features: list[str], limit: float = 0.98) -> Any:
        program = {
            "sql": {"statements": [], "query": query},
            "leakGuard": {
                "maxAUC": limit,
                "task": task,
                "label": "late",
                "features": [{"name": name, "type": "numeric"} for name in features],
                "timestamp": "t",
                "key": ["id"],
                "late": [],
            },
        }
        request = self.worker.request("training-set", program, {})
        return self.worker.send(request)

    QUERY = """
        SELECT i % 7 = 0 AS late, 'train' AS __split,
            CAST(CASE WHEN i % 7 = 0 THEN NULL ELSE i END AS FLOAT) AS gone,
            CAST(hash(i) % 1000 AS FLOAT) AS noise, 'u' || i AS one_each,
            CASE WHEN i % 7 = 0 THEN 'yes' ELSE 'no' END AS told
        FROM range(2000) r(i)
    """

    def test_a_feature_that_tells_the_label_is_warned_of(self) -> None:
        names = ["gone", "noise", "one_each", "told"]
        events = self.run_set(self.QUERY, "binary-classification", names)
        warnings = [
            f"feature '{name}' alone separates the label 'late' almost perfectly: AUC 1.0000 in "
            "2,000 training rows, more than 0.98; see that it is known when the prediction is made "
            "(spec.leakGuard.maxAUC: 1 ends this warning)"
            for name in ("gone", "told")
        ]
        self.assertEqual(
            [e["message"] for e in events if e["event"] == "log"], warnings, json.dumps(events)
        )
        self.assertEqual(events[-2]["metadata"]["warnings"], warnings)

    def test_a_rare_class_is_looked_at_whole(self) -> None:
        query = """
            SELECT i % 2000 = 0 AS late, 'train' AS __split,
                CAST(CASE WHEN i % 2000 = 0 THEN 1 ELSE 0 END AS FLOAT) AS told
            FROM range(60000) r(i)
        """
        events = self.run_set(query, "binary-classification", ["told"])
        self.assertEqual(
            events[-2]["metadata"]["warnings"],
            [
                "feature 'told' alone separates the label 'late' almost perfectly: AUC 1.0000 in "
                "10,030 training rows, more than 0.98; see that it is known when the prediction is "
                "made (spec.leakGuard.maxAUC: 1 ends this warning)"
            ],
        )

    def test_one_ends_the_warnings(self) -> None:
        events = self.run_set(self.QUERY, "binary-classification", ["gone", "told"], 1)
        self.assertEqual([e for e in events if e["event"] == "log"], [])
        self.assertNotIn("warnings", events[-2]["metadata"])

    def test_a_regression_has_none(self) -> None:
        events = self.run_set(self.QUERY, "regression", ["gone"])
        self.assertNotIn("warnings", events[-2]["metadata"])

    def test_a_class_against_the_others(self) -> None:
        query = """
            SELECT ['a', 'b', 'c'][i % 3 + 1] AS late, 'train' AS __split,
                CAST(i % 3 AS FLOAT) AS place FROM range(300) r(i)
        """
        events = self.run_set(query, "multiclass-classification", ["place"])
        self.assertEqual(
            events[-2]["metadata"]["warnings"],
            [
                "feature 'place' alone separates 'a' of the label 'late' from the other classes "
                "almost perfectly: AUC 1.0000 in 300 training rows, more than 0.98; see that it is "
                "known when the prediction is made (spec.leakGuard.maxAUC: 1 ends this warning)"
            ],
        )

    def test_a_few_rows_separate_nothing(self) -> None:
        query = "SELECT i = 0 AS late, 'train' AS __split, i AS x FROM range(100) r(i)"
        events = self.run_set(query, "binary-classification", ["x"])
        self.assertNotIn("warnings", events[-2]["metadata"])


class SeparationTests(unittest.TestCase):
    def test_the_area_is_that_of_scikit_learn(self) -> None:
        import numpy as np
        import pyarrow as pa
        from sklearn.metrics import roc_auc_score

        random = np.random.default_rng(1)
        for _ in range(20):
            values = random.integers(0, 30, 500).astype(np.float32)
            values[random.random(500) < 0.1] = np.nan
            codes = (random.random(500) < values / 60).astype(np.int64)
            column = pa.chunked_array([pa.array(values, from_pandas=True)])
            found = separations("x", column, codes, {1: "true"})
            area = roc_auc_score(codes, np.where(np.isnan(values), -1, values))
            self.assertAlmostEqual(found.auc, max(area, 1 - area), places=12)


if __name__ == "__main__":
    unittest.main()
