"""Writes request bodies, one a line, from rows of a training set.

The runtime's Python executes it: request_rows.py TRAINING-SET.parquet SIGNATURE.json COUNT OUTPUT.
Each column is a tensor of its own, as in the story's request.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb


def main() -> None:
    parquet, signature, count, output = sys.argv[1:5]
    packed = json.loads(Path(signature).read_text())["inputs"]
    inputs = [(name, tensor["datatype"]) for tensor in packed for name in tensor["columns"]]
    names = [f'"{name}"' for name, _ in inputs]
    known = " AND ".join(f"{name} IS NOT NULL" for name in names)
    rows = duckdb.execute(
        f"SELECT {', '.join(names)} FROM read_parquet('{parquet}', file_row_number=true) "
        f"WHERE __split = 'test' AND {known} ORDER BY hash(file_row_number) LIMIT {int(count)}"
    ).fetchall()
    with open(output, "w", encoding="utf-8") as file:
        for row in rows:
            tensors = [
                {"name": name, "shape": [1], "datatype": datatype, "data": [value]}
                for (name, datatype), value in zip(inputs, row, strict=True)
            ]
            file.write(json.dumps({"inputs": tensors}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
