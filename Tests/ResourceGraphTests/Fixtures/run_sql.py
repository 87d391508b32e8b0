"""Runs compiled programs in DuckDB, for the tests of the feature compiler.

usage: run_sql.py BATCH.json RESULT.json

BATCH: {"cases": [{"datasets": {NAME: {"columns": [[NAME, TYPE], …], "rows": [[…], …]}},
                   "views": [{"name": …, "dataset": NAME, "base": NAME, "program": PROGRAM}],
                   "spine": NAME, "program": PROGRAM}]}
PROGRAM: {"statements": [SQL or {"search": …}, …], "query": SQL}. Times are microseconds since 1970;
numbers that are not finite are texts: "nan", "inf", "-inf".
RESULT: a list, one item per case: {"columns": [[NAME, TYPE], …], "rows": [[…], …],
"identical": whether 1 thread and 2, the latter in small parts, wrote the same bytes}, or
{"error": TEXT}.
"""

import hashlib
import json
import math
import pathlib
import sys
import tempfile

import duckdb

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "Sources/Execution/Resources/python"))
from ingot_worker import positions  # noqa: E402

TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def write_dataset(connection, dataset, path):
    columns = ", ".join(f"{quoted(name)} {TYPES[kind]}" for name, kind in dataset["columns"])
    connection.execute(f"CREATE OR REPLACE TEMP TABLE staged ({columns})")
    if dataset["rows"]:
        marks = ", ".join(
            "make_timestamp(?::BIGINT)" if kind == "timestamp" else "?"
            for _, kind in dataset["columns"]
        )
        connection.executemany(f"INSERT INTO staged VALUES ({marks})", dataset["rows"])
    connection.execute(f"COPY staged TO '{path}' (FORMAT parquet)")


def run_program(program, inputs, output, threads):
    with duckdb.connect(config={"threads": threads}) as connection:
        for name, path in inputs.items():
            connection.execute(
                f"CREATE TEMP VIEW {quoted(name)} AS "
                f"SELECT * FROM read_parquet('{path}', file_row_number = true)"
            )
        for statement in program["statements"]:
            if isinstance(statement, str):
                connection.execute(statement)
            else:
                positions.search(connection, statement["search"])
        connection.execute(f"COPY ({program['query']}) TO '{output}' (FORMAT parquet)")


def plain(value):
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def run_case(case, folder):
    with duckdb.connect() as connection:
        for name, dataset in case["datasets"].items():
            write_dataset(connection, dataset, folder / f"{name}.parquet")
    digests = []
    for threads in (1, 2):
        # Whole, and in small parts.
        positions.FOUND_BYTES = 3000 if threads == 2 else 128 << 20
        positions.ROWS_AT_ONCE = 25 if threads == 2 else 1 << 20
        positions.KEYS_AT_ONCE = 7 if threads == 2 else 1 << 14
        digest = hashlib.sha256()
        inputs = {}
        if case["spine"]:
            inputs["spine"] = folder / f"{case['spine']}.parquet"
        for view in case["views"]:
            path = folder / f"view-{view['name']}-{threads}.parquet"
            if view.get("base"):
                source = {"view": inputs[f"view:{view['base']}"]}
            else:
                source = {"dataset": folder / f"{view['dataset']}.parquet"}
            run_program(view["program"], source, path, threads)
            digest.update(path.read_bytes())
            inputs[f"view:{view['name']}"] = path
        output = folder / f"training-{threads}.parquet"
        run_program(case["program"], inputs, output, threads)
        digest.update(output.read_bytes())
        digests.append(digest.hexdigest())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TEMP TABLE result AS SELECT * FROM '{output}'")
        columns = [row[:2] for row in connection.sql("DESCRIBE result").fetchall()]
        selected = ", ".join(
            f"epoch_us({quoted(name)})" if kind == "TIMESTAMP" else quoted(name)
            for name, kind in columns
        )
        found = connection.execute(f"SELECT {selected} FROM result").fetchall()
    rows = [[plain(value) for value in row] for row in found]
    return {"columns": columns, "rows": rows, "identical": digests[0] == digests[1]}


def main():
    batch = json.loads(pathlib.Path(sys.argv[1]).read_text())
    results = []
    for case in batch["cases"]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                results.append(run_case(case, pathlib.Path(folder)))
            except duckdb.Error as error:
                results.append({"error": str(error)})
    pathlib.Path(sys.argv[2]).write_text(json.dumps(results))


main()
