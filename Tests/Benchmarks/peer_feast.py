"""Joins the generated features point in time with Feast's offline stores; prints the seconds.

    peer_feast.py FOLDER STORE    FOLDER has events.parquet and spine.parquet; STORE: duckdb or dask

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

os.environ["FEAST_USAGE"] = "False"


def main() -> None:
    import pandas as pd
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
    from feast.repo_config import RepoConfig
    from feast.types import Float64

    folder, kind = Path(sys.argv[1]), sys.argv[2]
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
    user = Entity(name="user_id", join_keys=["user_id"], value_type=ValueType.INT64)
    names = [f"f{index}" for index in range(10)]
    view = FeatureView(
        name="users",
        entities=[user],
        ttl=timedelta(days=30),
        schema=[Field(name=name, dtype=Float64) for name in names],
        source=FileSource(path=str(folder / "events.parquet"), timestamp_field="event_timestamp"),
    )
    store.apply([user, view])
    spine = pd.read_parquet(folder / "spine.parquet")
    spine["event_timestamp"] = spine["event_timestamp"].dt.tz_localize("UTC")
    start = time.perf_counter()
    job = store.get_historical_features(
        entity_df=spine, features=[f"users:{name}" for name in names]
    )
    rows = len(job.to_df())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak}))


if __name__ == "__main__":
    main()
