"""Joins latest values point in time with Feast's offline stores; prints the seconds.

    peer_feast.py JOB.json    folder (of spine.parquet and one file per view), entity,
                              views (name: columns) and store (duckdb, dask)

The interpreter is one with Feast installed. Imports, `apply` and reading the spine do not count.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

TIME = "event_timestamp"
os.environ["FEAST_USAGE"] = "False"


def main() -> None:
    import pandas as pd
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
    from feast.repo_config import RepoConfig
    from feast.types import Float64

    job = json.loads(Path(sys.argv[1]).read_text())
    folder, kind = Path(job["folder"]), job["store"]
    registry = folder / f"registry-{kind}.db"
    registry.unlink(missing_ok=True)
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            registry=str(registry),
            provider="local",
            offline_store={"type": kind},
            online_store={"type": "sqlite", "path": str(folder / f"online-{kind}.db")},
            entity_key_serialization_version=3,
        )
    )
    spine = pd.read_parquet(folder / "spine.parquet")
    is_text = not pd.api.types.is_numeric_dtype(spine[job["entity"]])
    entity = Entity(
        name=job["entity"],
        join_keys=[job["entity"]],
        value_type=ValueType.STRING if is_text else ValueType.INT64,
    )
    views = [
        FeatureView(
            name=name,
            entities=[entity],
            ttl=timedelta(days=30),
            schema=[Field(name=column, dtype=Float64) for column in columns],
            source=FileSource(path=str(folder / f"{name}.parquet"), timestamp_field=TIME),
        )
        for name, columns in job["views"].items()
    ]
    store.apply([entity, *views])
    spine[TIME] = spine[TIME].dt.tz_localize("UTC")
    start = time.perf_counter()
    features = [f"{name}:{column}" for name, columns in job["views"].items() for column in columns]
    rows = len(store.get_historical_features(entity_df=spine, features=features).to_df())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak}))


if __name__ == "__main__":
    main()
