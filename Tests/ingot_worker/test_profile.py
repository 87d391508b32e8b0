"""Profiles: statistics, histograms, and that the same data give the same bytes."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any
from unittest import mock

from support import WorkerCase

ROWS = (
    "('EWR', '1.5', DATE '2013-01-01'), ('EWR', NULL, NULL), "
    "('LGA', '30', NULL), (NULL, 'nan', NULL)"
)


class ProfileTests(WorkerCase):
    maxDiff = None

    def table(self, query: str) -> dict[str, dict[str, str]]:
        output, result = self.worker.run("features", {"sql": {"query": query}}, {})
        self.assertIn("rows", result)
        return {"dataset": {"data.parquet": os.path.join(output, "data.parquet")}}

    def profile(self, query: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What profile.json holds, and the result."""
        output, result = self.worker.run(
            "profile", {"schema": [], "expectations": []}, self.table(query), **more
        )
        self.assertEqual(os.listdir(output), ["profile.json"], result)
        return json.loads(self.read(output, "profile.json")), result

    def column(self, query: str) -> Any:
        return self.profile(query)[0]["columns"][0]

    def test_statistics(self) -> None:
        written, result = self.profile(
            f"SELECT o AS origin, d::DOUBLE AS delay, day FROM (VALUES {ROWS}) v(o, d, day)"
        )
        self.assertEqual(result["rows"], 4)
        self.assertNotIn("warnings", result)
        one_day = {str(q): "2013-01-01" for q in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)}
        self.assertEqual(
            written,
            {
                "format": 2,
                "rows": 4,
                "expectations": [],
                "columns": [
                    {
                        **{"name": "origin", "type": "string", "count": 3, "nulls": 1},
                        **{"distinct": 2, "exact": True, "min": "EWR", "max": "LGA"},
                        "values": [{"value": "EWR", "count": 2}, {"value": "LGA", "count": 1}],
                        "others": 0,
                    },
                    {
                        **{"name": "delay", "type": "double", "count": 2, "nulls": 1},
                        **{"notFinite": 1, "distinct": 2, "exact": True},
                        **{"min": 1.5, "max": 30.0, "mean": 15.75, "stddev": 20.152543263816604},
                        "values": [{"value": 1.5, "count": 1}, {"value": 30.0, "count": 1}],
                        "others": 0,
                        "histogram": {
                            "edges": [float(e) for e in range(2, 31, 2)],
                            "counts": [1] + [0] * 14 + [1],
                        },
                        "quantiles": {
                            **{str(q): 1.5 for q in (0.01, 0.05, 0.1, 0.25, 0.5)},
                            **{str(q): 30.0 for q in (0.75, 0.9, 0.95, 0.99)},
                        },
                    },
                    {
                        **{"name": "day", "type": "date", "count": 1, "nulls": 3},
                        **{"distinct": 1, "exact": True, "min": "2013-01-01", "max": "2013-01-01"},
                        "histogram": {"edges": ["2013-01-01"], "counts": [0, 1]},
                        "quantiles": {**one_day, "0.99": "2013-01-01"},
                    },
                ],
            },
        )

    def test_columns_of_any_name(self) -> None:
        written, _ = self.profile(
            'SELECT \'a\' AS "v", 1 AS n, \'b\' AS "dataset", 2.5::DOUBLE AS "a ""b"" \'c"'
        )
        self.assertEqual([c["distinct"] for c in written["columns"]], [1, 1, 1, 1])
        self.assertEqual(written["columns"][2]["values"], [{"value": "b", "count": 1}])

    def test_edges_are_round_and_counts_are_exact(self) -> None:
        found = self.column("SELECT (i % 1000) / 1000.0 AS x FROM range(20000) t(i)")["histogram"]
        self.assertEqual(found["edges"], [k / 20 for k in range(1, 20)])
        self.assertEqual(found["counts"], [1000] * 20)
        whole = self.column("SELECT i::BIGINT AS n FROM range(7) t(i)")
        self.assertEqual(whole["histogram"]["edges"], [0, 1, 2, 3, 4, 5, 6])
        self.assertEqual(whole["histogram"]["counts"], [0, 1, 1, 1, 1, 1, 1, 1])
        self.assertEqual([v["value"] for v in whole["values"]], [0, 1, 2, 3, 4, 5, 6])
        times = self.column(
            "SELECT TIMESTAMP '2013-01-01' + INTERVAL 1 HOUR * i AS t FROM range(8760) t(i)"
        )["histogram"]
        self.assertEqual(times["edges"][:2], ["2013-01-15T00:00:00", "2013-02-14T00:00:00"])
        self.assertEqual(sum(times["counts"]), 8760)

    def test_a_value_that_most_rows_have_does_not_hide_the_others(self) -> None:
        found = self.column(
            "SELECT CASE WHEN i % 10 = 0 THEN i::DOUBLE ELSE 0 END AS x FROM range(10000) t(i)"
        )["histogram"]
        self.assertEqual(found["edges"][0], 0.0)
        self.assertEqual(sum(found["counts"]), 10000)
        self.assertGreater(len([n for n in found["counts"] if n]), 15)

    def test_values_that_are_no_numbers_and_very_large_ones(self) -> None:
        found = self.column(
            "SELECT x::DOUBLE AS x FROM (VALUES (1e308), (-1e308), ('inf'), ('nan'), (NULL)) v(x)"
        )
        self.assertEqual((found["count"], found["notFinite"], found["nulls"]), (2, 2, 1))
        self.assertIsNone(found["stddev"])
        empty = self.column("SELECT NULL::DOUBLE AS x WHERE false")
        self.assertEqual((empty["count"], empty["min"], empty["mean"]), (0, None, None))
        self.assertNotIn("histogram", empty)
        far = self.column("SELECT TIMESTAMP '290000-01-01' AS t")
        self.assertEqual(far["max"], "9089348860800000000 µs since 1970")

    def test_the_bytes_do_not_depend_on_threads(self) -> None:
        inputs = self.table(
            "SELECT random() AS x, 't' || (random() * 1000)::BIGINT AS s, "
            "TIMESTAMP '2013-01-01' + INTERVAL 1 SECOND * (random() * 1e8)::BIGINT AS t "
            "FROM range(300000)"
        )
        program = {"schema": [], "expectations": []}
        found = set()
        for threads in (1, 2, 4):
            output, _ = self.worker.run("profile", program, inputs, threads=threads)
            found.add(self.read(output, "profile.json"))
        self.assertEqual(len(found), 1)

    def test_of_very_many_rows_are_estimates_which_do_not_vary(self) -> None:
        import duckdb
        from ingot_worker import column_profile, profiled
        from ingot_worker.protocol import Request

        request = Request("r", "profile", {}, 0, 1, 0, {}, "", "")
        found = []
        with mock.patch.object(column_profile, "EXACT_ROWS", 1000):
            for _ in range(2):
                with duckdb.connect(config={"threads": 1}) as connection:
                    connection.execute(
                        "CREATE TABLE dataset AS SELECT (i * 7919) % 100003 AS n, "
                        "((i * 7919) % 100003) / 7.0::DOUBLE AS x, "
                        "TIMESTAMP '2013-01-01' + INTERVAL 1 SECOND * i AS t, "
                        "i AS file_row_number FROM range(200000) r(i)"
                    )
                    data = profiled.Profiled.of_table(request, connection, "dataset")
                    columns = [column_profile.Column(data, name) for name in ("n", "x", "t")]
                    found.append([c.profile(c.type) for c in columns])
        self.assertEqual(found[0], found[1])
        self.assertEqual([c["exact"] for c in found[0]], [False] * 3)
        for column in found[0]:
            self.assertEqual(sum(column["histogram"]["counts"]), 200000)
        self.assertAlmostEqual(found[0][0]["quantiles"]["0.5"] / 50001, 1, delta=0.02)
        self.assertAlmostEqual(found[0][0]["distinct"] / 100003, 1, delta=0.1)


if __name__ == "__main__":
    unittest.main()
