"""The binary search in sorted rows, against counting them one by one."""

from __future__ import annotations

import random
import unittest
from typing import Any

import duckdb
from ingot_worker import positions

SPEC: dict[str, Any] = {
    "table": 'found "here"',
    "points": "SELECT rowid AS __point, __begin, __end, t, u FROM asked",
    "kept": ["__point", "__begin"],
    "artifact": "view:x",
    "bounds": [
        {"name": "before", "time": "t", "isIncluded": False},
        {"name": "until", "time": "t", "isIncluded": True},
        {"name": "other", "time": "u", "isIncluded": False},
    ],
    "visible": "until",
    "totals": [
        {"name": "n", "column": "count:x", "bound": "before"},
        {"name": "s", "column": "sum:x", "bound": "before"},
        {"name": "m", "column": "count:x", "bound": "other"},
    ],
}


class PositionTests(unittest.TestCase):
    def setUp(self) -> None:
        self.connection = duckdb.connect(":memory:")
        self.addCleanup(self.connection.close)
        self.sizes = positions.FOUND_BYTES, positions.ROWS_AT_ONCE, positions.KEYS_AT_ONCE
        self.addCleanup(self.in_parts, *self.sizes)

    def in_parts(self, found: int, rows: int, keys: int) -> None:
        positions.FOUND_BYTES, positions.ROWS_AT_ONCE, positions.KEYS_AT_ONCE = found, rows, keys

    def rows(self, events: list[str]) -> None:
        """The artifact: events in the order of their entities and times, with running totals."""
        self.connection.execute(
            'CREATE OR REPLACE TABLE "view:x"(__event TIMESTAMP, "count:x" BIGINT, '
            '"sum:x" DECIMAL(38, 0), file_row_number BIGINT)'
        )
        for row, event in enumerate(events):
            self.connection.execute(
                'INSERT INTO "view:x" VALUES (?, ?, ?, ?)', [event, 2 * row + 2, -(10**30), row]
            )

    def asked(self, points: list[tuple[int, int, str, str]]) -> None:
        self.connection.execute(
            "CREATE OR REPLACE TABLE asked(__begin BIGINT, __end BIGINT, t TIMESTAMP, u TIMESTAMP)"
        )
        for point in points:
            self.connection.execute("INSERT INTO asked VALUES (?, ?, ?, ?)", list(point))

    def found(self) -> list[tuple[Any, ...]]:
        positions.search(self.connection, SPEC)
        result = self.connection.execute('FROM "found ""here"""').fetchall()
        self.connection.execute('DROP TABLE "found ""here"""')
        return result

    def test_rows_at_a_time_count_as_before_it_only_if_included(self) -> None:
        self.rows(["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-03", "2019-01-01"])
        self.asked([(0, 4, "2020-01-02", "2021-01-01"), (4, 5, "2019-01-01", "2018-01-01")])
        self.assertEqual(
            self.found(),
            [(0, 0, 1, 3, 4, 2, 8, -(10**30)), (1, 4, 4, 5, 4, 8, 8, -(10**30))],
            "point, begin, before, until, other; count before and at other; sum",
        )

    def test_a_point_that_sees_nothing_is_left_out(self) -> None:
        self.rows(["2020-01-01"])
        self.asked([(0, 1, "2019-12-31", "2021-01-01"), (0, 1, "2020-01-01", "2019-01-01")])
        self.assertEqual(self.found(), [(1, 0, 0, 1, 0, 0, 0, 0)])

    def test_no_points_and_no_rows_make_an_empty_table(self) -> None:
        self.rows([])
        self.asked([])
        self.assertEqual(self.found(), [])

    def test_infinite_times_are_the_first_and_the_last(self) -> None:
        self.rows(["-infinity", "2020-01-01", "infinity"])
        self.asked([(0, 3, "infinity", "-infinity"), (0, 3, "-infinity", "infinity")])
        self.assertEqual([row[:5] for row in self.found()], [(0, 0, 2, 3, 0), (1, 0, 0, 1, 2)])

    def test_parts_of_any_size_find_what_counting_finds(self) -> None:
        chance = random.Random(17)
        for case in range(40):
            times = [f"2020-01-{day:02}" for day in range(1, 1 + chance.randint(1, 20))]
            events, ranges = [], []
            for _ in range(chance.randint(1, 6)):
                own = sorted(chance.choices(times, k=chance.randint(1, 9)))
                ranges.append((len(events), len(events) + len(own)))
                events += own
            points = [
                (*chance.choice(ranges), chance.choice(times), chance.choice(times))
                for _ in range(chance.randint(0, 30))
            ]
            self.rows(events)
            self.asked(points)
            expected = [row for row in map(self.counted(events), enumerate(points)) if row]
            self.in_parts(*self.sizes)
            self.assertEqual(self.found(), expected, case)
            self.in_parts(chance.randint(1, 1000), chance.randint(1, 9), chance.randint(1, 9))
            self.assertEqual(self.found(), expected, case)

    def counted(self, events: list[str]) -> Any:
        def row(numbered: tuple[int, tuple[int, int, str, str]]) -> tuple[Any, ...] | None:
            number, (begin, end, t, u) = numbered
            before = begin + sum(event < t for event in events[begin:end])
            until = begin + sum(event <= t for event in events[begin:end])
            other = begin + sum(event < u for event in events[begin:end])
            if until == begin:
                return None
            totals = 2 * before, 2 * other, -(10**30) if before else 0
            return (number, begin, before, until, other, *totals)

        return row


if __name__ == "__main__":
    unittest.main()
