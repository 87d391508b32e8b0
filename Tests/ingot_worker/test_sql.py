"""Steps that are one SQL query: what they see, what they may not, and their bytes."""

from __future__ import annotations

import os
import unittest
from typing import Any

import duckdb
from support import WorkerCase


def body(query: str, *statements: str) -> dict[str, Any]:
    return {"sql": {"statements": list(statements), "query": query}}


class SQLTests(WorkerCase):
    def setUp(self) -> None:
        query = "SELECT * FROM (VALUES ('EWR', 1), ('JFK', 2), ('LGA', 3)) v(origin, delay)"
        output, _ = self.worker.run("features", body(query), {})
        self.inputs = {"view:fl": {"data.parquet": os.path.join(output, "data.parquet")}}

    def test_views_macros_and_row_numbers(self) -> None:
        program = body(
            'SELECT up(delay) AS d, file_row_number AS n FROM "view:fl" -- end',
            "CREATE MACRO up(x) AS x + 1",
            "CREATE TEMP TABLE t AS SELECT 1",
        )
        for kind in ("features", "training-set"):
            output, result = self.worker.run(kind, program, self.inputs)
            self.assertEqual(self.rows(output), [(2, 0), (3, 1), (4, 2)], result)
            self.assertEqual(result["rows"], 3)
        checked = {
            **body('SELECT delay FROM "view:fl";  -- ends'),
            "schema": [{"name": "delay", "type": "string", "nullable": False}],
        }
        output, result = self.worker.run("snapshot", checked, self.inputs)
        self.assertEqual(self.rows(output), [("1",), ("2",), ("3",)], result)

    def test_snapshot_by_sql_is_checked(self) -> None:
        query = 'SELECT nullif(delay, 2) AS delay FROM "view:fl"'
        columns = [{"name": "delay", "type": "integer", "nullable": False}]
        _, error = self.worker.run("snapshot", {**body(query), "schema": columns}, self.inputs)
        self.assertEqual(
            (error["class"], error["code"], error["message"]),
            (
                "data",
                "NullValue",
                "the query: column 'delay' must not be null, but has 1 null, the first in row 2",
            ),
        )

    def fails(self, query: str, code: str, message: str, *statements: str) -> None:
        _, error = self.worker.run("features", body(query, *statements), self.inputs)
        self.assertEqual(
            (error.get("class"), error.get("code"), error.get("message")),
            ("config", code, message),
        )

    def test_bad_sql(self) -> None:
        self.fails(
            "SELEC 1",
            "SQLFailed",
            'the SQL fails: Parser Error: syntax error at or near "SELEC" (in: SELEC 1)',
        )
        self.fails(
            'SELECT dellay FROM "view:fl"',
            "SQLFailed",
            'the SQL fails: Binder Error: Referenced column "dellay" not found in FROM clause! '
            'Candidate bindings: "delay" (in: SELECT dellay FROM "view:fl")',
        )
        self.fails(
            "SELECT * FROM query",  # a variable of that name exists in the worker
            "SQLFailed",
            "the SQL fails: Catalog Error: Table with name query does not exist! "
            'Did you mean "duckdb_types"? (in: SELECT * FROM query)',
        )
        self.fails(
            'SELECT CAST(origin AS INTEGER) AS o FROM "view:fl"',
            "SQLFailed",
            "the SQL fails: Conversion Error: Could not convert string 'EWR' to INT32 when "
            "casting from source column origin "
            '(in: SELECT CAST(origin AS INTEGER) AS o FROM "view:fl")',
        )
        for query, kinds in (
            ("SELECT 1; SELECT 2", "SELECT, SELECT"),
            ("DROP VIEW x", "DROP"),
            ("-- c", "nothing"),
        ):
            self.fails(
                query,
                "NotOneQuery",
                f"the query must be one SELECT statement, but it is: {kinds}",
            )

    def test_steps_have_random_numbers_of_their_own(self) -> None:
        # Each is forked from the same database.
        found = set()
        for _ in range(2):
            output, _ = self.worker.run("features", body("SELECT random(), uuid()"), {})
            found.update(value for row in self.rows(output) for value in row)
        self.assertEqual(len(found), 4)

    def test_a_star_has_no_row_numbers(self) -> None:
        program = body('SELECT a.*, b.* FROM "view:fl" AS a JOIN "view:fl" AS b USING (origin)')
        output, result = self.worker.run("snapshot", program, self.inputs)
        self.assertEqual(result.get("rows"), 3, result)
        with duckdb.connect() as connection:
            path = os.path.join(output, "data.parquet")
            described = connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
        self.assertEqual([row[0] for row in described], ["origin", "delay", "origin_1", "delay_1"])
        # A file loses nothing, whatever its columns are called.
        path = self.worker.file("a.csv", "file_row_number,a\n7,8\n")
        program = {"format": "csv", "nullValues": [], "path": "a.csv", "schema": []}
        output, result = self.worker.run("snapshot", program, {"source": {"file": path}})
        self.assertEqual(self.rows(output), [(7, 8)], result)
        # What is called so by a person stays.
        program = body("SELECT 1 AS file_row_numbers")
        output, result = self.worker.run("snapshot", program, self.inputs)
        self.assertEqual(self.rows(output), [(1,)], result)

    def test_a_features_own_sql_is_named(self) -> None:
        def program(expression: str) -> dict[str, Any]:
            def check(feature: str, field: str, sql: str) -> dict[str, str]:
                query = f'SELECT ({sql}) FROM "view:fl" LIMIT 0'
                return {"feature": feature, "field": field, "query": query}

            return {
                **body(f'SELECT origin, ({expression}) AS "value:x" FROM "view:fl"'),
                "expressions": [
                    check("fine", "expression", "delay + 1"),
                    check("late", "where", expression),
                ],
            }

        for expression, said in (
            (
                "isodwo(delay)",
                "Catalog Error: Scalar Function with name isodwo does not exist! "
                'Did you mean "isodow"?',
            ),
            (
                "dellay > 1",
                'Binder Error: Referenced column "dellay" not found in FROM clause! '
                'Candidate bindings: "delay"',
            ),
        ):
            _, error = self.worker.run("features", program(expression), self.inputs)
            self.assertEqual(
                (error["class"], error["code"], error["message"], error["hint"]),
                (
                    "config",
                    "ExpressionFailed",
                    f"'where' of feature 'late' fails: {said}",
                    "correct 'where' of that feature",
                ),
            )

    def test_nothing_else_is_reachable(self) -> None:
        secret = self.worker.file("secret.csv", "a\n1\n")
        for statement in (
            f"CREATE TABLE t AS FROM read_csv('{secret}')",
            f"COPY (SELECT 1) TO '{secret}'",
            "COPY (SELECT 1) TO 'beside.parquet'",
            f"ATTACH '{self.worker.directory}/x.db'",
            "INSTALL httpfs",
            "SET threads = 8",
        ):
            with self.subTest(statement):
                output, error = self.worker.run("features", body("SELECT 1", statement), {})
                self.assertEqual((error["class"], error["code"]), ("config", "SQLFailed"), error)
                self.assertNotIn(output, error["message"])
                self.assertEqual(os.listdir(output), [])

    def test_same_bytes_whatever_the_threads(self) -> None:
        query = "SELECT i, i * 0.1 AS d, 't' || (i % 97) AS t FROM range(700000) r(i)"
        output, _ = self.worker.run("features", body(query), {})
        inputs = {"dataset": {"data.parquet": os.path.join(output, "data.parquet")}}
        for query in (
            "SELECT i, d, t FROM dataset WHERE i % 3 > 0",
            "SELECT t, i, sum(i) OVER (PARTITION BY t ORDER BY i) AS s FROM dataset ORDER BY t, i",
        ):
            copies = set()
            for threads in (1, 2, 4, 2, 1):
                made, _ = self.worker.run("features", body(query), inputs, threads=threads)
                copies.add(self.read(made, "data.parquet"))
            self.assertEqual(len(copies), 1)

    def test_spills_beside_the_output(self) -> None:
        query = "SELECT i, hash(i) AS h FROM range(12000000) r(i) ORDER BY h"
        output, result = self.worker.run("features", body(query), {}, memory_bytes=600 << 20)
        self.assertEqual(result.get("rows"), 12_000_000, result)
        self.assertEqual(os.listdir(output), ["data.parquet"])
        self.assertFalse(os.path.exists(output + ".spill"))

    def test_out_of_memory(self) -> None:
        query = "SELECT list(range) AS l FROM range(100000000)"
        _, error = self.worker.run("features", body(query), {}, memory_bytes=600 << 20)
        self.assertEqual(
            (error.get("class"), error.get("code"), error.get("hint")),
            (
                "resource",
                "OutOfMemory",
                "raise the step's memory limit or reduce the data; the step is retried",
            ),
            error,
        )


if __name__ == "__main__":
    unittest.main()
