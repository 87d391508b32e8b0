"""On-demand features: random expressions against DuckDB's own answers, and what is refused."""

from __future__ import annotations

import os
import random
import re
import unittest
from typing import Any

from ingot_worker import data, ondemand
from ingot_worker.errors import StepError

COLUMNS = {
    "i": "integer",
    "j": "integer",
    "x": "double",
    "y": "double",
    "b": "boolean",
    "s": "string",
    "u": "string",
    "t": "timestamp",
    "v": "timestamp",
    "d": "date",
}
TYPES = {
    "integer": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}
EXPRESSIONS = int(os.environ.get("INGOT_TEST_EXPRESSIONS", "300"))
ROWS = 60


class Rows:
    """Random rows, in DuckDB and as a front takes them."""

    def __init__(self, seed: int, count: int = ROWS) -> None:
        import duckdb

        self.random = random.Random(seed)
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET TimeZone = 'UTC'")
        names = ", ".join(f"{name} {TYPES[kind]}" for name, kind in COLUMNS.items())
        self.connection.execute(f"CREATE TABLE r ({names})")
        rows = ", ".join(
            f"({', '.join(self.value(kind) for kind in COLUMNS.values())})" for _ in range(count)
        )
        self.connection.execute(f"INSERT INTO r VALUES {rows}")

    def value(self, kind: str) -> str:
        """A literal; null now and then."""
        pick = self.random
        if pick.random() < 0.15:
            return "NULL"
        if kind == "integer":
            return str(
                pick.choice([0, 1, -1, 7, pick.randint(-50, 50), pick.randint(-(10**9), 10**9)])
            )
        if kind == "double":
            some = [0.0, 0.5, -0.5, 1.0, 2.5, -2.5, pick.gauss(0, 10), pick.gauss(0, 1e6), 1000.0]
            return f"{pick.choice(some)!r}::DOUBLE"
        if kind == "boolean":
            return pick.choice(["true", "false"])
        if kind == "string":
            return pick.choice(["'EWR'", "'JFK'", "'é x'", "'it''s'"])
        if kind == "date":
            return f"DATE '1970-01-01' + {pick.randint(-200_000, 60_000)}"
        days = pick.choice(
            ["2000-02-29", "1900-02-28", "1900-03-01", "1969-12-31", "2024-12-31", "1970-01-01"]
        )
        micros = pick.choice([0, 1, 86_399_999_999, pick.randint(0, 86_399_999_999)])
        shift = pick.choice([0, 0, pick.randint(-400_000, 100_000)])
        return f"TIMESTAMP '{days}' + INTERVAL ({shift}) DAY + INTERVAL ({micros}) MICROSECOND"

    def request(self, front: ondemand.Front) -> data.Rows:
        """All rows as the training set has them."""
        kinds = {n: "TIMESTAMP" if k == "date" else TYPES[k] for n, k in COLUMNS.items()}
        columns = ", ".join(f"CAST({n} AS {k}) AS {n}" for n, k in kinds.items())
        table = self.connection.sql(f"SELECT {columns} FROM r").to_arrow_table()
        return data.request_rows(table, front)


class Expressions:
    """Random expressions of a type: as people write them, and as DuckDB is asked.

    They differ where DuckDB raises an error and a model gives null (TRY), and where a decimal
    literal is meant as a DOUBLE.
    """

    def __init__(self, pick: random.Random) -> None:
        self.pick = pick
        # A transcendental function was used, so that the last bit may differ.
        self.is_rough = False

    def make(self, kind: str, depth: int) -> tuple[str, str]:
        if depth <= 0 or self.pick.random() < 0.12:
            return self.leaf(kind)
        return getattr(self, kind)(depth - 1)

    def leaf(self, kind: str) -> tuple[str, str]:
        pick = self.pick
        names = [n for n, k in COLUMNS.items() if k == kind]
        if kind in ("integer", "double", "string") and pick.random() < 0.3:
            if kind == "integer":
                text = str(pick.choice([0, 1, 2, -3, 24, 60, 100, 86_400]))
                return text, text + "::BIGINT"
            if kind == "double":
                text = str(pick.choice([0.5, 0.1, 2.25, 10.0, "1e3", "1e-2"]))
                return text, f"CAST({text} AS DOUBLE)"
            text = pick.choice(["'EWR'", "'it''s'", "'none'"])
            return text, text
        if kind in ("timestamp", "date") and pick.random() < 0.15:
            text = pick.choice(["TIMESTAMP '2013-01-01 05:00:00'", "'1968-02-29'::TIMESTAMP"])
            text = "DATE '2012-02-29'" if kind == "date" else text
            return text, text
        if pick.random() < 0.04 and kind != "date":
            return "NULL", f"CAST(NULL AS {TYPES[kind]})"
        name = pick.choice(names)
        return pick.choice([name, name.upper(), f'"{name}"']), name

    def join(self, form: str, *parts: tuple[str, str], asked: str | None = None) -> tuple[str, str]:
        return (
            form.format(*(part[0] for part in parts)),
            (asked or form).format(*(part[1] for part in parts)),
        )

    def both(self, kind: str, depth: int, form: str, asked: str | None = None) -> tuple[str, str]:
        return self.join(form, self.make(kind, depth), self.make(kind, depth), asked=asked)

    def chosen(self, kind: str, depth: int) -> tuple[str, str]:
        """Forms for every type."""
        condition = self.make("boolean", depth)
        a, b = self.make(kind, depth), self.make(kind, depth)
        form = self.pick.choice(
            [
                "CASE WHEN {0} THEN {1} ELSE {2} END",
                "if({0}, {1}, {2})",
                "coalesce({1}, {2})",
                "CASE WHEN {0} THEN {1} END",
                "nullif({1}, {2})",
                "ifnull({1}, {2})",
            ]
        )
        return self.join(form, condition, a, b)

    def integer(self, depth: int) -> tuple[str, str]:
        pick = self.pick
        which = pick.randrange(9)
        if which == 0:
            return self.chosen("integer", depth)
        if which <= 2:
            small = self.join("({0} % 1000)", self.make("integer", depth))
            return self.join(f"({{0}} {pick.choice('+-*')} {{1}})", small, self.make("integer", 0))
        if which == 3:
            operator = pick.choice(["%", "//"])
            form = f"({{0}} {operator} {{1}})"
            return self.both("integer", depth, form, f"TRY({form})")
        if which == 4:
            part = pick.choice(
                [
                    "year",
                    "quarter",
                    "month",
                    "day",
                    "hour",
                    "minute",
                    "second",
                    "isodow",
                    "dayofweek",
                    "dayofyear",
                    "epoch_ms",
                    "epoch_us",
                    "weekday",
                    "dayofmonth",
                ]
            )
            return self.join(f"{part}({{0}})", self.make("timestamp", depth))
        if which == 5:
            part = pick.choice(["hour", "dow", "doy", "month", "day", "year"])
            form = pick.choice([f"extract({part} FROM {{0}})", f"date_part('{part}', {{0}})"])
            return self.join(form, self.make("date", depth))
        if which == 6:
            unit = pick.choice(["second", "minute", "hour", "day", "month", "year", "millisecond"])
            return self.both("timestamp", depth, f"date_diff('{unit}', {{0}}, {{1}})")
        if which == 7:
            form = pick.choice(["abs({0})", "sign({0})", "(- {0})", "least({0}, 5)", "round({0})"])
            return self.join(form, self.make("integer", depth))
        form = pick.choice(["CAST({0} AS BIGINT)", "({0})::INTEGER"])
        double = self.make("double", depth)
        return self.join(form, double, asked=f"CAST(TRY({form}) AS BIGINT)")

    def double(self, depth: int) -> tuple[str, str]:
        pick = self.pick
        which = pick.randrange(10)
        if which == 0:
            return self.chosen("double", depth)
        if which <= 2:
            return self.both("double", depth, f"({{0}} {pick.choice('+-*/%')} {{1}})")
        if which == 3:
            return self.both("integer", depth, "({0} / {1})")
        if which == 4:
            return self.join(
                f"({{0}} {pick.choice('+-*/')} {{1}})",
                self.make("double", depth),
                self.make("integer", depth),
            )
        if which == 5:
            form = pick.choice(
                [
                    "round({0})",
                    "round({0}, 2)",
                    "round({0}, -1)",
                    "floor({0})",
                    "ceil({0})",
                    "trunc({0})",
                    "abs({0})",
                    "-({0})",
                    "sqrt({0})",
                ]
            )
            return self.join(form, self.make("double", depth))
        if which == 6 and depth >= 0:
            form = pick.choice(["epoch({0})", "epoch({0} - {1})"])
            return self.both("timestamp", depth, form)
        if which == 7:
            form = pick.choice(["greatest({0}, {1})", "least({0}, {1}, 0)"])
            return self.both("double", depth, form, form.replace(" 0)", " 0::DOUBLE)"))
        if which == 8:
            return self.join("CAST({0} AS DOUBLE)", self.make("integer", depth))
        # Of leaves only: comparing what is rough tells nothing.
        return self.leaf("double")

    def rough(self) -> tuple[str, str]:
        """At the top of an expression only."""
        self.is_rough = True
        form = self.pick.choice(
            [
                "exp({0} / 1000000)",
                "ln({0})",
                "log10({0})",
                "log2({0})",
                "sin({0})",
                "cos({0})",
                "power(abs({0}), 0.3)",
                "({0}) ** 2",
                "log({0})",
                "sin(2 * pi() * {0} / 24)",
            ]
        )
        asked = form.replace("0.3", "0.3::DOUBLE")
        return self.join(form, self.make(self.pick.choice(["double", "integer"]), 2), asked=asked)

    def boolean(self, depth: int) -> tuple[str, str]:
        pick = self.pick
        which = pick.randrange(9)
        operator = pick.choice(["=", "<>", "<", "<=", ">", ">=", "!="])
        if which == 0:
            return self.chosen("boolean", depth)
        if which <= 2:
            kind = pick.choice(["integer", "double", "timestamp", "date", "boolean"])
            return self.both(kind, depth, f"({{0}} {operator} {{1}})")
        if which == 3:
            return self.both("string", depth, f"({{0}} {pick.choice(['=', '<>'])} {{1}})")
        if which == 4:
            return self.both("boolean", depth, f"({{0}} {pick.choice(['AND', 'OR'])} {{1}})")
        if which == 5:
            return self.join("(NOT {0})", self.make("boolean", depth))
        if which == 6:
            kind = pick.choice(list(TYPES))
            form = pick.choice(["({0} IS NULL)", "({0} IS NOT NULL)"])
            return self.join(form, self.make(kind, depth))
        if which == 7:
            form = pick.choice(
                [
                    "({0} IN (1, {1}, NULL))",
                    "({0} BETWEEN {1} AND 5)",
                    "({0} NOT IN (1, {1}))",
                    "({0} IS DISTINCT FROM {1})",
                    "({0} NOT BETWEEN -5 AND {1})",
                ]
            )
            return self.both(pick.choice(["integer", "double"]), depth, form)
        form = pick.choice(["({0} IN ('EWR', 'é x'))", "({0} NOT IN ('JFK', NULL))"])
        return self.join(form, self.make("string", depth))

    def string(self, depth: int) -> tuple[str, str]:
        return self.chosen("string", depth)

    def timestamp(self, depth: int) -> tuple[str, str]:
        if self.pick.random() < 0.3:
            return self.join("CAST({0} AS TIMESTAMP)", self.make("date", depth))
        return self.chosen("timestamp", depth)

    def date(self, depth: int) -> tuple[str, str]:
        if self.pick.random() < 0.4:
            return self.join("CAST({0} AS DATE)", self.make("timestamp", depth))
        return self.chosen("date", depth)


def compiled(expression: str, columns: dict[str, str] = COLUMNS, **more: Any) -> ondemand.Front:
    made = ondemand.front(
        {"onDemand": {"f": {"expression": expression}}, "request": columns, **more},
        [{"name": "f", "type": "on-demand"}],
    )
    assert made is not None
    return made


class OracleTests(unittest.TestCase):
    def differences(
        self, rows: Rows, written: str, asked: str, kind: str, rough: bool
    ) -> list[str]:
        import numpy as np

        try:
            made = compiled(written)
        except StepError as error:
            # What reads no column.
            if "the same for every row" in error.message:
                return []
            raise AssertionError(f"{written}: {error.message}") from None
        got = made.compute(rows.request(made))
        cast = "VARCHAR" if kind == "string" else "DOUBLE"
        try:
            answers = rows.connection.execute(f"SELECT CAST({asked} AS {cast}) FROM r").fetchall()
        except Exception as error:
            raise AssertionError(f"{asked}: {error}") from None
        if kind == "string":
            expected = ["" if answer is None else answer for (answer,) in answers]
            pairs = zip(expected, got.categorical[0], strict=True)
            return [f"{written}: {a!r} is {b!r}" for a, b in pairs if a != b]
        assert got.numeric is not None
        self.assertEqual(len(got.numeric), len(answers), written)
        expected = [np.nan if answer is None else answer for (answer,) in answers]
        with np.errstate(over="ignore"):
            numbers = np.array(expected, dtype=np.float64).astype(np.float32)
        found = got.numeric[:, 0]
        same = (numbers == found) | (np.isnan(numbers) & np.isnan(found))
        if rough:
            with np.errstate(invalid="ignore"):
                # Near its zeros, a sine is as exact as its argument.
                near = np.abs(numbers - found) <= np.spacing(np.abs(numbers)) + 1e-15
            same |= near
        return [
            f"{written}: {a!r} is {b!r}" for a, b in zip(numbers[~same], found[~same], strict=False)
        ]

    def test_random_expressions_are_what_duckdb_says(self) -> None:
        seed = int(os.environ.get("INGOT_TEST_SEED", "1"))
        rows = Rows(seed)
        pick = random.Random(seed)
        wrong = []
        for _ in range(EXPRESSIONS):
            kind = pick.choice(["integer", "double", "boolean", "string", "rough"])
            expressions = Expressions(pick)
            if kind == "rough":
                written, asked = expressions.rough()
            else:
                written, asked = expressions.make(kind, 4)
            wrong += self.differences(rows, written, asked, kind, expressions.is_rough)
        # One of each expression.
        self.assertEqual(list({text.split(": ")[0]: text for text in wrong}.values())[:5], [])

    def test_what_onnx_runtime_rewrites_stays_right(self) -> None:
        rows = Rows(1)
        for expression in ("1 // i * j", "1 / x * y", "1 % i", "1 // (i % 3) * 10", "2 // i * j"):
            asked = re.sub(r"1 (//|%) (i|\(i % 3\))|2 // i", r"TRY(\g<0>)", expression)
            self.assertEqual(self.differences(rows, expression, asked, "double", False), [])

    def test_every_day_of_the_calendar(self) -> None:
        import numpy as np

        rows = Rows(1, 1)
        rows.connection.execute("DELETE FROM r")
        rows.connection.execute(
            "INSERT INTO r (t) SELECT CAST(DATE '1500-01-01' + CAST(n AS INTEGER) AS TIMESTAMP) "
            "FROM range(320000) days(n)"
        )
        for part in ("year", "quarter", "month", "day", "dayofyear", "dayofweek", "isodow"):
            made = compiled(f"{part}(t)")
            found = made.compute(rows.request(made)).numeric
            answers = rows.connection.execute(f"SELECT {part}(t) FROM r").fetchnumpy()
            expected = next(iter(answers.values()))
            assert found is not None
            self.assertTrue(np.array_equal(found[:, 0], expected.astype(np.float32)), part)

    def test_what_a_model_cannot_raise_is_null(self) -> None:
        import numpy as np

        rows = Rows(1, 1)
        rows.connection.execute("DELETE FROM r")
        rows.connection.execute(
            "INSERT INTO r (i, j, x) VALUES (9223372036854775807, 1, 1e300), "
            "(-9223372036854775807, -1, 'nan'), (7, 0, 3e9), (7, -1, 2.5)"
        )
        nan = np.nan
        for expression, expected in {
            "i + j": [nan, nan, 7, 6],
            "i * 3": [nan, nan, 21, 21],
            "i % j": [0, 0, nan, 0],
            "i // j": [2.0**63, 2.0**63, nan, -7],
            "x::BIGINT": [nan, nan, 3e9, 2],
            "x::INTEGER": [nan, nan, nan, 2],
            "i::INTEGER": [nan, nan, 7, 7],
        }.items():
            made = compiled(expression)
            found = made.compute(rows.request(made)).numeric
            assert found is not None
            np.testing.assert_array_equal(
                found[:, 0], np.array(expected, dtype=np.float32), expression
            )


if __name__ == "__main__":
    unittest.main()
