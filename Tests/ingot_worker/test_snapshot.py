"""Snapshots of files: good ones in any dress, and bad ones with the whole message."""

from __future__ import annotations

import gzip
import os
import unittest
from typing import Any

from support import WorkerCase

FLIGHTS = "data/flights.csv"
SCHEMA = [
    {"name": "origin", "type": "string", "nullable": False},
    {"name": "delay", "type": "integer", "nullable": True},
    {"name": "at", "type": "timestamp", "nullable": True},
]


def schema(**types: str) -> list[dict[str, Any]]:
    return [{"name": n, "type": t, "nullable": True} for n, t in types.items()]


class SnapshotTests(WorkerCase):
    def snapshot(
        self, content: bytes | str | None, wanted: Any = None, form: str = "csv", **more: Any
    ) -> tuple[str, Any]:
        path = os.path.join(self.worker.directory, "nothing")
        if content is not None:
            path = self.worker.file("source", content)
        body = {
            "format": form,
            "nullValues": ["NA"],
            "path": FLIGHTS,
            "schema": SCHEMA if wanted is None else wanted,
        }
        return self.worker.run("snapshot", body, {"source": {"file": path}}, **more)

    def good(self, content: bytes | str, rows: list[Any], **more: Any) -> str:
        output, result = self.snapshot(content, **more)
        self.assertEqual(result.get("rows"), len(rows), result)
        self.assertEqual(self.rows(output), rows)
        return output

    def fails(
        self, content: bytes | str | None, code: str, message: str, hint: str, **more: Any
    ) -> None:
        _, error = self.snapshot(content, **more)
        self.assertEqual(
            (error.get("class"), error.get("code"), error.get("message"), error.get("hint")),
            ("data", code, message, hint),
        )

    # Good files

    def test_types_nulls_and_utc(self) -> None:
        output, result = self.snapshot(
            "at,origin,delay,x\n2013-01-01T05:00:00+02:00,EWR,1.0,\n"
            '2013-01-01 06:00:00,"J,FK",NA,2\n2013-01-01T07:00:00Z,LGA,"",3\n'
        )
        self.assertEqual(result.get("rows"), 3, result)
        self.assertEqual(
            [(o, d, str(a)) for o, d, a in self.rows(output)],
            [
                ("EWR", 1, "2013-01-01 03:00:00"),
                ("J,FK", None, "2013-01-01 06:00:00"),
                ("LGA", None, "2013-01-01 07:00:00"),
            ],
        )

    def test_every_type(self) -> None:
        types = schema(i="integer", d="double", b="boolean", day="date", s="string")
        output, result = self.snapshot(
            "i,d,b,day,s\n-7,1e3,true,2013-02-01, x \n9007199254740993,NA,0,,\n", types
        )
        self.assertEqual(result.get("rows"), 2, result)
        self.assertEqual(
            [(i, d, b, str(day), s) for i, d, b, day, s in self.rows(output)],
            [
                (-7, 1000.0, True, "2013-02-01", " x "),
                (9007199254740993, None, False, "None", None),
            ],
        )

    def test_byte_order_mark_line_ends_quotes_and_unicode(self) -> None:
        types = schema(a="integer", b="string")
        text = '\ufeffa,b\r\n1,"x\r\ny ""z"""\r\n\r\n2,Zürich 東京\r\n'
        wanted = [(1, 'x\r\ny "z"'), (2, "Zürich 東京")]
        self.good(text, wanted, wanted=types)
        self.good(gzip.compress(text.encode()), wanted, wanted=types)
        self.good("a;b\n1;x\n", [(1, "x")], wanted=types)
        self.good("b,a\nlast line,3", [(3, "last line")], wanted=types)

    def test_inferred_types(self) -> None:
        self.good("a,b\n1,x\n2,NA\n", [(1, "x"), (2, None)], wanted=[])

    def test_json_lines(self) -> None:
        text = '{"a":"2020-01-01T00:00:00Z","b":"2"}\n\n{"a":"3","c":{"d":1}}\n'
        types = schema(a="string", b="integer")
        wanted = [("2020-01-01T00:00:00Z", 2), ("3", None)]
        self.good(text, wanted, wanted=types, form="json")
        self.good('{"a":1}\n{"a":2}', [(1,), (2,)], wanted=[], form="json")

    def test_parquet_in_and_out(self) -> None:
        output = self.good("b\n2\n\n", [(2,), (None,)], wanted=schema(b="integer"))
        content = self.read(output, "data.parquet")
        self.good(content, [(2.0,), (None,)], wanted=schema(b="double"), form="parquet")

    def test_same_bytes_in_every_run_and_with_any_threads(self) -> None:
        lines = "".join(f"EWR,{i % 90},2013-01-01 05:00:00\n" for i in range(200_000))
        copies = set()
        for threads in (1, 2, 1):
            output, _ = self.snapshot("origin,delay,at\n" + lines, threads=threads)
            copies.add(self.read(output, "data.parquet"))
        self.assertEqual(len(copies), 1)

    # Bad files

    def test_missing_and_empty(self) -> None:
        self.fails(
            None,
            "FileMissing",
            "data/flights.csv does not exist",
            "add the file, or correct path",
        )
        for content in ("", "\n\n"):
            self.fails(content, "FileEmpty", "data/flights.csv is empty", "copy the file again")

    def test_missing_columns(self) -> None:
        self.fails(
            "orign,delay,at\n",
            "ColumnMissing",
            "data/flights.csv has no column 'origin'; it has: orign, delay, at",
            "did you mean 'orign' for 'origin'?",
        )
        self.fails(
            "orign,Delay,x\n",
            "ColumnMissing",
            "data/flights.csv lacks the columns 'origin', 'delay', 'at'; it has: orign, Delay, x",
            "did you mean 'orign' for 'origin', 'Delay' for 'delay'?",
        )
        self.fails(
            "1,2013,5\n2,2013,6\n",
            "ColumnMissing",
            "data/flights.csv lacks the columns 'origin', 'delay', 'at'; it has: 1, 2013, 5",
            "the first line must be a header that names the columns",
        )
        self.fails(
            '{"a":1}\n',
            "ColumnMissing",
            "data/flights.csv has no column 'temperature'; it has: a",
            "correct the schema, or the file",
            wanted=schema(temperature="double"),
            form="json",
        )

    def test_bad_values(self) -> None:
        hint = "correct the value, change the column's type or list the value in nullValues"
        self.fails(
            'origin,delay,at\n"E\nR",1,\n\nJFK,1.5,\nLGA,x,\n',
            "BadValue",
            "data/flights.csv, line 5: column 'delay' has '1.5', which is not an integer "
            "(2 such values)",
            hint,
        )
        self.fails(
            "origin,delay,at\nEWR,1,yesterday\n",
            "BadValue",
            "data/flights.csv, line 2: column 'at' has 'yesterday', which is not a timestamp",
            hint,
        )
        self.fails(
            '{"a":"1"}\n\n{"a":"one"}\n',
            "BadValue",
            "data/flights.csv, line 3: column 'a' has 'one', which is not a double",
            hint,
            wanted=schema(a="double"),
            form="json",
        )

    def test_nulls(self) -> None:
        self.fails(
            "origin,delay,at\nEWR,1,\nNA,2,\n,3,\n",
            "NullValue",
            "data/flights.csv: column 'origin' must not be null, but has 2 nulls, "
            "the first in line 3",
            "correct the data or make the column nullable",
        )

    def test_bad_lines(self) -> None:
        self.fails(
            "origin,delay,at\nEWR,1,\nJFK,2\n",
            "BadLine",
            "data/flights.csv, line 3: the line has 2 values instead of 3",
            "quote values that contain delimiters",
        )
        self.fails(
            'origin,delay,at\nEWR,1,\n"JFK,2,\n',
            "BadLine",
            "data/flights.csv, line 3: a quoted value does not end",
            "close the quote",
        )
        self.fails(
            "delay,at,origin\n1,,EWR\r\n2,,JFK\n",
            "BadLine",
            "data/flights.csv mixes line ends, or has a quote inside an unquoted value",
            "end all lines alike, and quote values that contain quotes",
        )
        self.fails(
            b"origin,delay,at\nE\xff\xfeR,1,\n",
            "NotUTF8",
            "data/flights.csv, line 2: the text is not UTF-8",
            "save it as UTF-8",
        )

    def test_bad_headers(self) -> None:
        self.fails(
            "a,A\n1,2\n",
            "BadHeader",
            "data/flights.csv has two columns named 'A'",
            "rename one of them; case does not count",
        )
        self.fails(
            "a,,b\n1,2,3\n",
            "BadHeader",
            "data/flights.csv has no name for its column 2",
            "the first line must name every column",
        )

    def test_other_formats(self) -> None:
        self.fails(
            b"PK\x03\x04abc",
            "NotCSV",
            "data/flights.csv is a zip archive, not CSV",
            "unpack it first",
        )
        self.fails(
            gzip.compress(b"origin,delay,at\n" * 999)[:-9],
            "FileTruncated",
            "data/flights.csv is a damaged gzip file",
            "copy the file again",
        )
        self.fails(
            "a,b\n1,2\n",
            "NotParquet",
            "data/flights.csv is not a Parquet file",
            "correct the source's format",
            form="parquet",
        )

    def test_damaged_parquet(self) -> None:
        output = self.good("b\n2\n3\n", [(2.0,), (3.0,)], wanted=schema(b="double"))
        content = self.read(output, "data.parquet")
        self.fails(
            content[:-3],
            "FileTruncated",
            f"data/flights.csv is truncated: it has {len(content) - 3} bytes and no Parquet footer",
            "copy the file again",
            wanted=schema(b="double"),
            form="parquet",
        )
        damaged = content[:-60] + b"x" * 52 + content[-8:]
        _, error = self.snapshot(damaged, schema(b="double"), "parquet")
        # The reason is DuckDB's own.
        start = "data/flights.csv cannot be read: "
        self.assertEqual(
            (error["class"], error["code"], error["message"][: len(start)], error["hint"]),
            ("data", "FileCorrupt", start, "copy the file again"),
        )
        self.assertNotIn(self.worker.directory, error["message"])

    def test_not_json_lines(self) -> None:
        hint = "write one JSON object a line"
        for content, message in (
            ("hello\n", "line 1: not JSON: Expecting value at column 1"),
            ("[1]\n", "line 1: not a JSON object"),
            ('\n{"a":1}\n{"a":\n', "line 3: not JSON: Expecting value at column 1"),
            ('{"a":1}\n[2]\n', "line 2: not a JSON object"),
            (b'{"a":1}\n{"a":"\xff"}\n', "line 2: the text is not UTF-8"),
            ('\ufeff{"a":1}\n', "line 1: a byte order mark is not JSON"),
        ):
            with self.subTest(content):
                self.fails(
                    content,
                    "NotJSONLines",
                    f"data/flights.csv, {message}",
                    hint,
                    wanted=schema(a="double"),
                    form="json",
                )
        self.fails("\n", "FileEmpty", "data/flights.csv has no records", None, form="json")

    def test_unknown_type(self) -> None:
        _, error = self.snapshot("a\n1\n", schema(a="int"))
        self.assertEqual(
            (error["class"], error["code"], error["message"], error["hint"]),
            (
                "config",
                "UnknownType",
                "column 'a' has the unknown type 'int'",
                "did you mean 'integer'?",
            ),
        )


if __name__ == "__main__":
    unittest.main()
