"""Point-in-time joins against SQL written by hand and against Feast, on the same data."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from bench_tools import BenchError, Ingot, median, output, table

HERE = Path(__file__).parent
ROUNDS = 3
FEAST = "feast[duckdb]==0.67.0"
STEPS = ("featureview/users#features", "trainingconfig/users#training-set")
MANIFESTS = """\
apiVersion: ingot/v1
kind: Project
metadata: {name: users}
spec: {dataRoots: [data]}
---
apiVersion: ingot/v1
kind: Dataset
metadata: {name: events}
spec:
  source: {file: {path: data/events.parquet}}
---
apiVersion: ingot/v1
kind: Dataset
metadata: {name: spine}
spec:
  source: {file: {path: data/spine.parquet}}
---
apiVersion: ingot/v1
kind: FeatureView
metadata: {name: users}
spec:
  source: {dataset: events}
  entity: [user_id]
  timestamp: event_timestamp
  ttl: 30d
  features:
FEATURES
---
apiVersion: ingot/v1
kind: TrainingConfig
metadata: {name: users}
spec:
  spine: {dataset: spine, timestamp: event_timestamp, key: [id]}
  label: {name: y, expression: "y"}
  task: regression
  features: [{view: users}]
  split: {random: {validation: 0.1, test: 0.1}}
  algorithm: {name: lightgbm, parameters: {n_estimators: 1}}
  evaluation: {metrics: [rmse]}
  resources: {cpus: 1, memory: 2Gi}
"""
# A user has about a hundred events in the year. Values have exact sums and no nulls.
GENERATE = """
import duckdb, sys
events, users, features, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
connection = duckdb.connect()
connection.execute("SET threads = 1")
connection.execute("SELECT setseed(0.5)")
values = ", ".join(f"round(random() * 1000) / 8 AS f{i}" for i in range(features))
connection.execute(
    f"COPY (SELECT (random() * {users - 1})::BIGINT AS user_id, TIMESTAMP '2024-01-01' "
    f"+ to_seconds((random() * 31536000)::BIGINT) AS event_timestamp, {values} "
    f"FROM range({events})) TO '{folder}/events.parquet' (FORMAT parquet)"
)
connection.execute(
    f"COPY (SELECT range AS id, (random() * {users - 1})::BIGINT AS user_id, "
    "TIMESTAMP '2024-02-01' + to_seconds((random() * 28857600)::BIGINT) AS event_timestamp, "
    f"(random() * 2)::BIGINT AS y FROM range(100000)) TO '{folder}/spine.parquet' (FORMAT parquet)"
)
"""


def project(folder: Path, python: Path, events: int, features: int) -> Path:
    """A repository with generated data beside it; returns the data's folder."""
    data = folder / "work" / "data"
    data.mkdir(parents=True)
    users = max(events // 100, 1)
    words = [str(events), str(users), str(features), str(data)]
    output([python, "-c", GENERATE, *words], timeout=300)
    work = folder / "work"
    lines = "\n".join(f"    - {{column: f{index}}}" for index in range(features))
    (work / "ingot.yaml").write_text(MANIFESTS.replace("FEATURES", lines))
    (work / ".gitignore").write_text("data/\n")
    output(["git", "init", "-q", "-b", "main", work])
    git = ["git", "-C", work, "-c", "user.name=Bench", "-c", "user.email=bench@localhost"]
    output([*git, "add", "-A"])
    output([*git, "commit", "-q", "-m", "Users"])
    return data


def apply(binary: Path, folder: Path, name: str) -> Ingot:
    """Everything once, in a fresh state directory."""
    work = folder / "work"
    ingot = Ingot(binary, folder / name, work, work)
    command: list[str | Path] = [binary, "apply", "--repository", work, "--state", ingot.state]
    output([*command, "--data", work], timeout=600)
    return ingot


def seconds_of(ingot: Ingot, steps: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    return {
        run["step"]: run
        for run in ingot.runs()
        if run["step"] in steps and run["state"] == "succeeded"
    }


def by_hand(python: Path, folder: Path, name: str, threads: int, inputs: dict[str, Path]) -> float:
    job = folder / "job.json"
    files = {key: str(path) for key, path in inputs.items()}
    result = folder / "by-hand.parquet"
    job.write_text(
        json.dumps({"name": name, "threads": threads, "output": str(result), "inputs": files})
    )
    answer = output([python, HERE / "hand_joins.py", job])
    return float(json.loads(answer)["seconds"])


def feast_python(root: Path) -> Path | None:
    """An interpreter with Feast, in a virtual environment that is kept."""
    python = root / ".venv-feast/bin/python"
    if not python.exists():
        try:
            output(["python3", "-m", "venv", root / ".venv-feast"])
            pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", FEAST]
            output(pip, timeout=900)
        except (BenchError, subprocess.TimeoutExpired) as error:
            python.unlink(missing_ok=True)
            print(f"Feast cannot be installed and is left out: {str(error)[:300]}\n")
            return None
    return python


def feast(python: Path, data: Path, store: str, rounds: int) -> list[dict[str, float]]:
    found = []
    for _ in range(rounds):
        text = output([python, HERE / "peer_feast.py", data, store], timeout=900)
        found.append(json.loads(text.strip().splitlines()[-1]))
    return found


def measure_flights(
    python: Path, folder: Path, ingot: Ingot, inside: dict[str, list[float]]
) -> None:
    """The flights year, whose steps were measured already."""
    artifacts = {run["step"]: run["artifact"] for run in ingot.runs() if run.get("artifact")}
    inputs = {
        name: ingot.file(artifacts[f"dataset/{dataset}#snapshot"], "data.parquet")
        for name, dataset in (
            ("flights", "flights"),
            ("landed", "landed-flights"),
            ("weather", "weather"),
        )
    }
    times = [by_hand(python, folder, "flights", 1, inputs) for _ in range(ROUNDS)]
    rows = [("SQL by hand", f"{min(times):.2f} s", f"{median(times):.2f} s", "")]
    training = next(times for step, times in inside.items() if step.endswith("#training-set"))
    ours_all = inside["all four"]
    for name, ours in (("features and training set", ours_all), ("training set", training)):
        ratio = f"{min(ours) / min(times):.2f}×"
        rows.append((f"Ingot: {name}", f"{min(ours):.2f} s", f"{median(ours):.2f} s", ratio))
    print("# 8. Point-in-time joins against SQL by hand, and Feast\n")
    print("The flights year: 327,346 rows, 3 views, 30 features, 1 thread.\n")
    table(("", "best", "median", "of SQL by hand"), rows)


def measure_generated(binary: Path, python: Path, folder: Path, root: Path) -> None:
    folder = folder / "joins"
    data = project(folder, python, 1_000_000, 10)
    states = [apply(binary, folder, f"state-{index}") for index in range(ROUNDS)]
    runs = [seconds_of(ingot, STEPS) for ingot in states]
    both = [sum(run["seconds"] for run in found.values()) for found in runs]
    training = [found[STEPS[1]]["seconds"] for found in runs]
    inputs = {"events": data / "events.parquet", "spine": data / "spine.parquet"}
    ours = (training, both)
    hand = [by_hand(python, folder, "generated", 1, inputs) for _ in range(ROUNDS)]
    sides: list[tuple[str, list[float], str]] = [
        ("SQL by hand, 1 thread", hand, "100,000"),
        ("Ingot: features and training set", both, "100,000"),
        ("Ingot: training set, features there", training, "100,000"),
    ]
    peer = feast_python(root)
    if peer is not None:
        for store, rounds in (("duckdb", ROUNDS), ("dask", 1)):
            found = feast(peer, data, store, rounds)
            name = f"Feast 0.67, {store} store (all CPUs)"
            rows_out = f"{found[0]['rows']:,.0f}"
            sides.append((name, [item["seconds"] for item in found], rows_out))
    print(
        "Generated: 100,000 spine rows, 1,000,000 feature rows, 10,000 entities, 10 latest values"
    )
    print("with a ttl of 30 days. Feast's seconds: `get_historical_features(…).to_df()`.\n")
    table(
        ("", "best", "of Ingot's training set", "of both steps", "rows out"),
        [
            (name, f"{min(times):.2f} s", *(f"{min(times) / min(o):.1f}×" for o in ours), n)
            for name, times, n in sides
        ],
    )


def measure_memory(binary: Path, python: Path, folder: Path) -> None:
    folder = folder / "large-join"
    project(folder, python, 10_000_000, 3)
    found = seconds_of(apply(binary, folder, "state"), STEPS)
    rows = [(step, f"{run['seconds']:.1f} s") for step, run in found.items()]
    print("10,000,000 feature rows, 100,000 entities, with a limit of 2 GiB a step:\n")
    table(("step", "took"), rows)
