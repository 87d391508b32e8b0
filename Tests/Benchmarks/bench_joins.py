"""Point-in-time joins against SQL written by hand and against Feast, on the same data."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import latest_values
from bench_tools import BenchError, Ingot, median, output, table
from latest_values import TRAINING_SET, Case

HERE = Path(__file__).parent
ROUNDS = 5
FEAST = "feast[duckdb]==0.67.0"
# Seconds. On the flights the Dask store still ran after 14 minutes, with 16 GiB.
DASK_LIMIT = 120


def by_hand(python: Path, folder: Path, job: dict[str, object], inputs: dict[str, Path]) -> float:
    path = folder / "job.json"
    files = {key: str(file) for key, file in inputs.items()}
    path.write_text(json.dumps({**job, "output": str(folder / "by-hand.parquet"), "inputs": files}))
    return float(json.loads(output([python, HERE / "hand_joins.py", path]))["seconds"])


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


def feast(python: Path, case: Case, store: str, limit: float = 900) -> tuple[float, int] | None:
    """Seconds and rows; nothing if it took longer than the limit."""
    job = case.folder / "feast.json"
    words = {"folder": str(case.data), "entity": case.entity, "views": case.views, "store": store}
    job.write_text(json.dumps(words))
    try:
        text = output([python, HERE / "peer_feast.py", job], timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    found = json.loads(text.strip().splitlines()[-1])
    return found["seconds"], found["rows"]


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
    job: dict[str, object] = {"name": "flights", "threads": 1}
    times = [by_hand(python, folder, job, inputs) for _ in range(ROUNDS)]
    rows = [("SQL by hand", f"{min(times):.2f} s", f"{median(times):.2f} s", "")]
    training = next(times for step, times in inside.items() if step.endswith("#training-set"))
    ours_all = inside["all four"]
    for name, ours in (("features and training set", ours_all), ("training set", training)):
        ratio = f"{min(ours) / min(times):.2f}×"
        rows.append((f"Ingot: {name}", f"{min(ours):.2f} s", f"{median(ours):.2f} s", ratio))
    print("# 8. Point-in-time joins against SQL by hand, and Feast\n")
    print("The flights year: 327,346 rows, 3 views, windows, 30 features, 1 thread.\n")
    table(("", "best", "median", "of SQL by hand"), rows)


def measure_latest(binary: Path, python: Path, folder: Path, root: Path) -> None:
    """The join that Feast can do: latest values with a time to live."""
    peer = feast_python(root)
    print(
        "Latest values with a ttl of 30 days, every side with all CPUs, in turn. Feast's seconds:"
    )
    print("`get_historical_features(…).to_df()`; Ingot's end with a published artifact.\n")
    csv = root / ".demo/data/flights.csv"
    flights = latest_values.flights(folder / "latest-flights", python, csv)
    print("The flights year: 334,264 flights, 3 views by tail number, 5 features.\n")
    compare(flights, binary, python, peer)
    print("Generated: 100,000 spine rows, 1,000,000 feature rows, 10,000 entities, 10 features.\n")
    compare(latest_values.generated(folder / "joins", python, 1_000_000, 10), binary, python, peer)


def compare(case: Case, binary: Path, python: Path, peer: Path | None) -> None:
    cpus = os.cpu_count() or 1
    case.write(cpus)
    hand, both, training, duckdb = [], [], [], []
    rows = 0
    job: dict[str, object] = {"name": "latest", "threads": cpus}
    job |= {"entity": case.entity, "views": case.views, "split": case.split}
    for index in range(ROUNDS):
        runs = case.apply(binary, f"state-{index}")
        training.append(runs[TRAINING_SET]["seconds"])
        both.append(sum(run["seconds"] for run in runs.values()))
        rows = runs[TRAINING_SET]["metadata"]["rows"]
        hand.append(by_hand(python, case.folder, job, case.files()))
        if peer is not None:
            duckdb.append(feast(peer, case, "duckdb"))
    ours = [min(hand), min(training), min(both)]
    lines = [
        side("SQL by hand", min(hand), rows, ours),
        side("Ingot: training set, features there", min(training), rows, ours),
        side("Ingot: features and training set", min(both), rows, ours),
    ]
    measured = [found for found in duckdb if found is not None]
    if peer is not None and measured:
        lines.append(side("Feast 0.67, DuckDB store", *min(measured), ours))
        dask = feast(peer, case, "dask", DASK_LIMIT)
        if dask is None:
            lines.append(side("Feast 0.67, Dask store: stopped", DASK_LIMIT, None, ours, "> "))
        else:
            lines.append(side("Feast 0.67, Dask store", *dask, ours))
    header = ("", "best", "of SQL by hand", "of Ingot's training set", "of both steps", "rows out")
    table(header, lines)


def side(
    name: str, seconds: float, rows: int | None, others: list[float], more: str = ""
) -> tuple[str, ...]:
    ratios = [f"{more}{seconds / other:.1f}×" for other in others]
    return (name, f"{more}{seconds:.2f} s", *ratios, "" if rows is None else f"{rows:,}")


def measure_memory(binary: Path, python: Path, folder: Path) -> None:
    case = latest_values.generated(folder / "large-join", python, 10_000_000, 3)
    case.write(1)
    rows = [(step, f"{run['seconds']:.1f} s") for step, run in case.apply(binary, "state").items()]
    print("10,000,000 feature rows, 100,000 entities, with a limit of 2 GiB a step:\n")
    table(("step", "took"), rows)
