"""Snapshots of several files, packed or not."""

from __future__ import annotations

import gzip
import os
import unittest
from typing import Any

from support import WorkerCase

SCHEMA = [
    {"name": "origin", "type": "string", "nullable": False},
    {"name": "delay", "type": "integer", "nullable": True},
]


def zstd(text: str) -> bytes:
    import pyarrow as pa

    return bytes(pa.Codec("zstd").compress(text.encode(), asbytes=True))


def parquet(path: str, **columns: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)


class FilesTests(WorkerCase):
    def snapshot(
        self, files: dict[str, bytes | str], form: str = "csv", wanted: Any = SCHEMA
    ) -> tuple[str, Any]:
        paths = {
            name: self.worker.file(f"f{index}", content)
            for index, (name, content) in enumerate(files.items())
        }
        return self.run_on(paths, form, wanted)

    def run_on(self, paths: dict[str, str], form: str, wanted: Any) -> tuple[str, Any]:
        body = {"format": form, "path": "data/*", "schema": wanted}
        return self.worker.run("snapshot", body, {"source": paths})

    def good(self, rows: list[Any], *arguments: Any, **more: Any) -> str:
        output, result = self.snapshot(*arguments, **more)
        self.assertEqual(result.get("rows"), len(rows), result)
        self.assertEqual(self.rows(output), rows)
        return output

    def check(self, error: Any, code: str, message: str, hint: str) -> None:
        self.assertEqual(
            (error.get("class"), error.get("code"), error.get("message"), error.get("hint")),
            ("data", code, message, hint),
        )

    def test_files_are_read_in_the_byte_order_of_their_names(self) -> None:
        rows = [("EWR", 1), ("JFK", 2), ("LGA", 3), ("BOS", 4)]
        january, february = "origin,delay\nEWR,1\nJFK,2\n", "delay,origin,x\n3,LGA,\n4,BOS,\n"
        first = self.good(rows, {"data/02.csv": february, "data/01.csv": january})
        again = self.good(rows, {"data/2013-01.csv": january, "data/2013-02.csv": february})
        self.assertEqual(self.read(first, "data.parquet"), self.read(again, "data.parquet"))

    def test_files_may_be_packed_each_in_its_own_way(self) -> None:
        plain, packed = "origin,delay\nEWR,1\n", "origin,delay\nJFK,2\n"
        for pack in (zstd(packed), gzip.compress(packed.encode())):
            self.good([("EWR", 1), ("JFK", 2)], {"a.csv": plain, "b.csv.gz": pack})
        line = '{"origin": "LGA", "delay": 3}\n\n'
        for pack in (zstd(line), gzip.compress(line.encode())):
            self.good([("LGA", 3)], {"a.jsonl": pack}, "json")

    def test_the_same_rows_have_the_same_digest_however_they_are_packed(self) -> None:
        text = "origin,delay\n" + "EWR,1\n" * 200_000
        outputs = [
            self.snapshot({"a": content})[0] for content in (text, zstd(text), text.encode())
        ]
        self.assertEqual(len({self.read(output, "data.parquet") for output in outputs}), 1)

    def test_a_zstd_file_that_was_cut_off_is_refused(self) -> None:
        for form, line in (("csv", "origin,delay\n"), ("json", '{"origin": "EWR"}\n')):
            _, error = self.snapshot({"a.zst": zstd(line * 99_999)[:-20]}, form)
            self.check(
                error, "FileTruncated", "a.zst is a damaged zstd file", "copy the file again"
            )

    def test_a_bad_row_is_named_with_its_file_and_line(self) -> None:
        files = {
            "data/01.csv": "origin,delay\nEWR,1\n",
            "data/02.csv.gz": gzip.compress(b"origin,delay\nJFK,2\nLGA,soon\n"),
        }
        _, error = self.snapshot(files)
        self.check(
            error,
            "BadValue",
            "data/*, line 3 of data/02.csv.gz: column 'delay' has 'soon', which is not an integer",
            "correct the value, change the column's type or list the value in nullValues",
        )
        files["data/02.csv.gz"] = gzip.compress(b"origin,delay\nJFK,2\nLGA,3,4\n")
        _, error = self.snapshot(files)
        self.check(
            error,
            "BadLine",
            "data/02.csv.gz, line 3: the line has 3 values instead of 2",
            "quote values that contain delimiters",
        )

    def test_without_a_schema_files_must_agree_in_columns_and_types(self) -> None:
        first = "origin,delay\nEWR,1\n"
        self.good([("EWR", 1), ("LGA", 2)], {"1": first, "2": "delay,origin\n2,LGA\n"}, wanted=[])
        _, error = self.snapshot({"1": first, "2": "origin,late,x\nLGA,2,3\n"}, wanted=[])
        self.check(
            error,
            "ColumnsDiffer",
            "2 has other columns than 1: it lacks delay and also has late, x",
            "give the dataset a schema with the columns that all files have, or correct the file",
        )
        _, error = self.snapshot({"1": first, "2": "origin,delay\nLGA,2.5\n"}, wanted=[])
        self.check(
            error,
            "ColumnsDiffer",
            "column 'delay' is DOUBLE in 2, but BIGINT in 1",
            "write the files with the same types; for csv and json, a schema is enough",
        )

    def test_parquet_files_never_lose_digits_to_each_other(self) -> None:
        paths = {name: os.path.join(self.worker.directory, name) for name in ("p1", "p2")}
        parquet(paths["p1"], origin=["EWR"], delay=[1])
        parquet(paths["p2"], origin=["LGA"], delay=[2])
        output, _ = self.run_on(paths, "parquet", SCHEMA)
        self.assertEqual(self.rows(output), [("EWR", 1), ("LGA", 2)])
        parquet(paths["p2"], origin=["LGA"], delay=[2.5])
        _, error = self.run_on(paths, "parquet", SCHEMA)
        self.check(
            error,
            "ColumnsDiffer",
            "column 'delay' is DOUBLE in p2, but BIGINT in p1",
            "write the files with the same types; for csv and json, a schema is enough",
        )

    def test_a_git_lfs_pointer_is_not_data(self) -> None:
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
        _, error = self.snapshot({"file": pointer})
        self.check(
            error,
            "LFSPointer",
            "data/* is a git-lfs pointer and not the file itself",
            "fetch the file with `git lfs pull`",
        )


if __name__ == "__main__":
    unittest.main()
