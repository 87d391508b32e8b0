"""The joins that a person would write by hand for DuckDB, without Ingot: the SQL of two of them.

    hand_joins.py JOB.json      runs one and prints its seconds; the runtime's Python executes it

The job has name (flights, latest), threads, output and inputs (table name: Parquet file), and for
latest also entity, views (name: columns) and split (where validation and test begin).
Imports do not count; connecting, the queries and writing Parquet do.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

WINDOWS = (("1h", 1), ("6h", 6), ("24h", 24), ("7d", 168))


def delays(entity: str) -> list[str]:
    """Rolling delays by running totals: the difference of those at both ends of a window."""
    totals = f"""
        CREATE TEMP TABLE {entity}_totals AS
        SELECT {entity}, landed_at, sum(count(*)) OVER w AS n, sum(sum(arr_delay)) OVER w AS d,
            sum(sum(late::INTEGER)) OVER w AS l
        FROM landed GROUP BY {entity}, landed_at
        WINDOW w AS (PARTITION BY {entity} ORDER BY landed_at ROWS UNBOUNDED PRECEDING)
        """
    columns, joins = [], []
    for name, hours in WINDOWS:
        n = f"(coalesce(e.n, 0) - coalesce(b{name}.n, 0))"
        columns += [
            f"{n}::FLOAT AS {entity}_landed_{name}",
            f"((e.d - coalesce(b{name}.d, 0)) / nullif({n}, 0))::FLOAT AS {entity}_delay_{name}",
            f"((e.l - coalesce(b{name}.l, 0)) / nullif({n}, 0))::FLOAT AS {entity}_late_{name}",
        ]
        joins.append(
            f"ASOF LEFT JOIN {entity}_totals AS b{name} ON p.{entity} = b{name}.{entity} "
            f"AND p.t - INTERVAL {hours} HOUR > b{name}.landed_at"
        )
    values = f"""
        CREATE TEMP TABLE {entity}_values AS
        SELECT p.{entity}, p.t, {", ".join(columns)}
        FROM (SELECT DISTINCT {entity}, scheduled_departure AS t FROM flights) AS p
        ASOF LEFT JOIN {entity}_totals AS e ON p.{entity} = e.{entity} AND p.t > e.landed_at
        {" ".join(joins)}
        """
    return [totals, values]


def flights() -> list[str]:
    weather = ("temp", "humid", "wind_speed", "precip", "pressure", "visib")
    fresh = ", ".join(
        f"CASE WHEN w.time_hour >= f.scheduled_departure - INTERVAL 3 HOUR "
        f"THEN w.{c}::FLOAT END AS {c}"
        for c in weather
    )
    query = f"""
        SELECT f.flight_id, f.scheduled_departure, f.arr_delay > 15 AS late, f.carrier, f.origin,
            f.dest, f.distance::FLOAT AS distance, f.hour::FLOAT AS hour,
            f.weekday::FLOAT AS weekday, {fresh},
            o.* EXCLUDE (origin, t), c.* EXCLUDE (carrier, t)
        FROM flights AS f
        ASOF LEFT JOIN weather AS w
            ON f.origin = w.origin AND f.scheduled_departure - INTERVAL 1 HOUR > w.time_hour
        LEFT JOIN origin_values AS o ON f.origin = o.origin AND f.scheduled_departure = o.t
        LEFT JOIN carrier_values AS c ON f.carrier = c.carrier AND f.scheduled_departure = c.t
        WHERE f.arr_delay IS NOT NULL
        ORDER BY f.scheduled_departure, f.flight_id
        """
    return [*delays("origin"), *delays("carrier"), query]


def latest(entity: str, views: dict[str, list[str]], split: tuple[str, str]) -> list[str]:
    columns, joins = [], []
    for view, names in views.items():
        columns += [
            f"CASE WHEN {view}.event_timestamp >= s.event_timestamp - INTERVAL 30 DAY "
            f"THEN {view}.{name}::FLOAT END AS {view}_{name}"
            for name in names
        ]
        joins.append(
            f"ASOF LEFT JOIN {view} ON s.{entity} = {view}.{entity} "
            f"AND s.event_timestamp > {view}.event_timestamp"
        )
    return [
        f"""
        SELECT s.id, s.event_timestamp,
            CASE WHEN s.event_timestamp < TIMESTAMP '{split[0]}' THEN 'train'
                WHEN s.event_timestamp < TIMESTAMP '{split[1]}' THEN 'validation' ELSE 'test'
            END AS split,
            s.y::DOUBLE AS y, {", ".join(columns)}
        FROM spine AS s {" ".join(joins)}
        ORDER BY s.id
        """
    ]


def main() -> None:
    import duckdb

    job = json.loads(Path(sys.argv[1]).read_text())
    if job["name"] == "flights":
        *statements, query = flights()
    else:
        *statements, query = latest(job["entity"], job["views"], job["split"])
    start = time.perf_counter()
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET threads={int(job['threads'])}")
    for name, path in job["inputs"].items():
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
    for statement in statements:
        connection.execute(statement)
    connection.execute(
        f"COPY ({query}) TO '{job['output']}' "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, PER_THREAD_OUTPUT false)"
    )
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
