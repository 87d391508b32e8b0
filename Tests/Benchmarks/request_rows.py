"""Writes request bodies, one a line, from rows of a training set; the runtime's Python executes it.

    request_rows.py TRAINING-SET.parquet MODEL-METADATA.json COUNT OUTPUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb


def main() -> None:
    parquet, metadata, count, output = sys.argv[1:5]
    inputs = json.loads(Path(metadata).read_text())["inputs"]
    names = [f'"{item["name"]}"' for item in inputs]
    known = " AND ".join(f"{name} IS NOT NULL" for name in names)
    rows = duckdb.execute(
        f"SELECT {', '.join(names)} FROM read_parquet('{parquet}', file_row_number=true) "
        f"WHERE __split = 'test' AND {known} ORDER BY hash(file_row_number) LIMIT {int(count)}"
    ).fetchall()
    with open(output, "w", encoding="utf-8") as file:
        for row in rows:
            tensors = [
                {"name": i["name"], "shape": [1], "datatype": i["datatype"], "data": [value]}
                for i, value in zip(inputs, row, strict=True)
            ]
            file.write(json.dumps({"inputs": tensors}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
