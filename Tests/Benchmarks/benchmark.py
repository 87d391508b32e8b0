"""Measures Ingot side by side with what it is compared to, in one run. Standard library only.

benchmark.py PATH-OF-INGOT PATH-OF-RUNTIME-PYTHON REPOSITORY-ROOT
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from typing import Any

INGOT, PYTHON, ROOT = (os.path.abspath(path) for path in sys.argv[1:4])
WORK = os.path.join(ROOT, ".demo", "bench")
DATA = os.path.join(ROOT, ".demo")
REVERTS = 12
GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.com",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.com",
}


def run(*command: str, cwd: str | None = None) -> str:
    result = subprocess.run(command, cwd=cwd, env=GIT, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def machine() -> None:
    heading("Machine")
    with open("/proc/cpuinfo") as file:
        models = re.findall(r"model name\s*: (.*)", file.read())
    versions = "import duckdb, lightgbm, onnxruntime as o;"
    versions += "print('duckdb', duckdb.__version__, 'lightgbm', lightgbm.__version__,"
    versions += "'onnxruntime', o.__version__)"
    print(f"{len(models)} × {models[0] if models else 'unknown'}")
    print(run(INGOT, "version").strip(), "·", run(PYTHON, "-c", versions).strip())
    print(f"load average at the start: {os.getloadavg()[0]:.2f}")


# Features


def project(folder: str, repository: str) -> None:
    """A repository with the whole flights project as its only commit."""
    run("git", "init", "-q", "--bare", "-b", "main", repository)
    run("git", "init", "-q", "-b", "main", folder)
    run("git", "remote", "add", "origin", repository, cwd=folder)
    for name in os.listdir(os.path.join(ROOT, "manifests")):
        if name.endswith(".yaml"):
            shutil.copy(os.path.join(ROOT, "manifests", name), folder)
    run("git", "add", "-A", cwd=folder)
    run("git", "commit", "-qm", "All of it", cwd=folder)
    run("git", "push", "-q", "origin", "main", cwd=folder)


def runs(state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        run(INGOT, "get", "runs", "-o", "json", "--state", state)
    )["runs"]
    return found


def parquet(state: str, artifact: str) -> str:
    """The path of data.parquet of an artifact, whose manifest is a file of the store."""
    hexes = artifact.removeprefix("sha256:")
    store = os.path.join(state, "store", "sha256")
    with open(os.path.join(store, hexes[:2], hexes[2:])) as file:
        files = json.load(file)["files"]
    digest = next(f["digest"] for f in files if f["path"] == "data.parquet")
    digest = digest.removeprefix("sha256:")
    return os.path.join(store, digest[:2], digest[2:])


BARE = """
import json, sys, time, duckdb
job = json.load(open(sys.argv[1]))
connection = duckdb.connect()
connection.execute("SET threads = 1")
connection.execute("SET TimeZone = 'UTC'")
start = time.perf_counter()
for name, path in job["inputs"].items():
    connection.execute(
        f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet(\\'{path}\\', file_row_number = true)'
    )
for statement in job["statements"]:
    connection.execute(statement)
connection.execute(
    f"COPY ({job['query']}) TO '{job['output']}' (FORMAT parquet, COMPRESSION zstd)"
)
print(time.perf_counter() - start)
"""


def bare(step: dict[str, Any], sql: str, inputs: dict[str, str]) -> float:
    """The same SQL in bare DuckDB, without the imports: the best of three."""
    parts = [part.strip() for part in sql.strip().rstrip(";").split(";\n\n")]
    job = {
        "inputs": inputs,
        "statements": parts[:-1],
        "query": parts[-1],
        "output": os.path.join(WORK, "bare.parquet"),
    }
    path = os.path.join(WORK, "job.json")
    with open(path, "w") as file:
        json.dump(job, file)
    return min(float(run(PYTHON, "-c", BARE, path)) for _ in range(3))


def features() -> str:
    heading("Feature steps: Ingot's whole step against the same SQL in bare DuckDB (1 thread)")
    folder, repository = os.path.join(WORK, "work"), os.path.join(WORK, "flights.git")
    project(folder, repository)
    best: dict[str, float] = {}
    state = ""
    for attempt in range(3):
        state = os.path.join(WORK, f"state{attempt}")
        run(INGOT, "apply", "-C", repository, "--state", state, "--data", DATA)
        for row in runs(state):
            seconds = row["seconds"]
            best[row["step"]] = min(best.get(row["step"], seconds), seconds)
    plan = json.loads(
        run(
            INGOT, "plan", "-C", repository, "--state", state, "--data", DATA, "--show-sql",
            "-o", "json",
        )
    )  # fmt: skip
    artifacts = {row["step"]: row["artifact"] for row in runs(state)}
    sources = {
        "featureview/weather#features": {"dataset": "dataset/weather#snapshot"},
        "featureview/origin-delays#features": {"dataset": "dataset/landed-flights#snapshot"},
        "featureview/carrier-delays#features": {"dataset": "dataset/landed-flights#snapshot"},
        "trainingconfig/arrival-delay#training-set": {
            "spine": "dataset/flights#snapshot",
            "view:weather": "featureview/weather#features",
            "view:origin-delays": "featureview/origin-delays#features",
            "view:carrier-delays": "featureview/carrier-delays#features",
        },
    }
    total, total_bare = 0.0, 0.0
    print(f"{'step':44} {'ingot':>8} {'duckdb':>8} {'ratio':>6}")
    for step in plan["steps"]:
        if step["step"] not in sources:
            continue
        inputs = {k: parquet(state, artifacts[v]) for k, v in sources[step["step"]].items()}
        seconds, reference = best[step["step"]], bare(step, step["sql"], inputs)
        total, total_bare = total + seconds, total_bare + reference
        print(f"{step['step']:44} {seconds:7.2f}s {reference:7.2f}s {seconds / reference:6.2f}")
    print(f"{'together':44} {total:7.2f}s {total_bare:7.2f}s {total / total_bare:6.2f}")
    overhead(state)
    return repository


def own_seconds(row: dict[str, Any]) -> float:
    """What the worker's phases took, by its own clock."""
    return float(sum(row["metadata"]["seconds"].values()))


def overhead(state: str) -> None:
    heading("Overhead per step: what a run takes beyond the worker's own seconds")
    rows = [row for row in runs(state) if "seconds" in (row["metadata"] or {})]
    # The first step waits for the warm parent's imports, which every other step is spared.
    rows.sort(key=lambda row: row["started"] + row["run"])
    first, rest = rows[0], rows[1:]
    extra = sorted(row["seconds"] - own_seconds(row) for row in rest)
    own = sum(own_seconds(row) for row in rest)
    print(f"{len(rest)} steps, {own:.2f} s of own work")
    print(
        f"overhead per step: median {1000 * statistics.median(extra):.0f} ms, "
        f"largest {1000 * extra[-1]:.0f} ms; in all {100 * sum(extra) / own:.1f} % of the work"
    )
    print(
        f"first step, with the start of Python and its imports: "
        f"{first['seconds'] - own_seconds(first):.2f} s"
    )


# Serving


class Services:
    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, log: str) -> None:
        with open(os.path.join(WORK, log), "wb") as file:
            self.processes.append(subprocess.Popen(command, stdout=file, stderr=file, cwd=WORK))

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(timeout=30)


def ask(port: int, body: bytes) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v2/models/arrival-delay/infer",
        body,
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        version: str = json.load(response)["model_version"]
    return version


def request_body(carrier: str, hour: int) -> str:
    columns: list[tuple[str, str, Any]] = [
        ("carrier", "BYTES", carrier),
        ("origin", "BYTES", "JFK"),
        ("dest", "BYTES", "FLL"),
        ("distance", "FP32", 1069 + hour),
        ("hour", "FP32", hour),
        ("weekday", "FP32", 1 + hour % 7),
    ]
    inputs = [{"name": n, "shape": [1], "datatype": t, "data": [v]} for n, t, v in columns]
    return json.dumps({"inputs": inputs})


def reverts(repository: str, state: str, port: int) -> None:
    heading("git push of a revert → first answer by the reverted version")
    folder = os.path.join(WORK, "work")
    body = request_body("B6", 18).encode()
    path = os.path.join(folder, "training.yaml")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("n_estimators: 100", "n_estimators: 20"))
    run("git", "commit", "-qam", "Fewer trees", cwd=folder)
    run("git", "push", "-q", "origin", "main", cwd=folder)
    commit = run("git", "rev-parse", "HEAD", cwd=folder).strip()
    run(INGOT, "wait", "--state", state, "--revision", commit, "--timeout", "5m")
    times = []
    for _ in range(REVERTS):
        before = ask(port, body)
        run("git", "revert", "--no-edit", "HEAD", cwd=folder)
        start = time.perf_counter()
        run("git", "push", "-q", "origin", "main", cwd=folder)
        while ask(port, body) == before:
            pass
        times.append(1000 * (time.perf_counter() - start))
        commit = run("git", "rev-parse", "HEAD", cwd=folder).strip()
        run(INGOT, "wait", "--state", state, "--revision", commit, "--timeout", "1m")
        time.sleep(0.3)
    times.sort()
    print(
        f"{REVERTS} reverts: median {statistics.median(times):.0f} ms, "
        f"p95 {times[int(0.95 * (len(times) - 1))]:.0f} ms, largest {times[-1]:.0f} ms"
    )


NGINX = """
worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.err;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/fastcgi; uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}
}}
"""


def wrk(url: str, connections: int) -> tuple[float, float, float, int]:
    """(requests/s, p50 ms, p99 ms, answers that were not 2xx)"""
    script = os.path.join(WORK, "rows.lua")
    text = run(
        "wrk", "-t1", f"-c{connections}", "-d6s", "--latency", "-s", script, url
    )  # fmt: skip

    def milliseconds(percent: str) -> float:
        value, unit = re.findall(rf"{percent}%\s+([\d.]+)(us|ms|s)", text)[0]
        return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]

    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0])
    errors = re.findall(r"Non-2xx or 3xx responses: (\d+)", text)
    return rate, milliseconds("50"), milliseconds("99"), int(errors[0]) if errors else 0


def throughput(port: int, services: Services) -> None:
    heading("One row through the gateway against nginx `return 200`, wrk, 6 s each")
    rows = [request_body(c, h) for c in ("B6", "UA", "DL", "AA", "US") for h in range(4, 24)]
    with open(os.path.join(WORK, "rows.lua"), "w") as file:
        file.write("local rows = {\n")
        for row in rows:
            file.write(f"  [==[{row}]==],\n")
        file.write('}\nlocal n = 0\nwrk.method = "POST"\n')
        file.write('wrk.headers["Content-Type"] = "application/json"\n')
        file.write("function request()\n  n = n % #rows + 1\n")
        file.write("  return wrk.format(nil, nil, nil, rows[n])\nend\n")
    nginx_port = free_port()
    with open(os.path.join(WORK, "nginx.conf"), "w") as file:
        file.write(NGINX.format(work=WORK, port=nginx_port))
    services.start("nginx", "-c", os.path.join(WORK, "nginx.conf"), log="nginx.log")
    time.sleep(1)
    print(f"{'':32} {'requests/s':>11} {'p50':>9} {'p99':>9} {'not 2xx':>8}")
    for connections in (1, 16):
        for name, url in (
            ("ingot gateway", f"http://127.0.0.1:{port}/v2/models/arrival-delay/infer"),
            ("nginx return 200", f"http://127.0.0.1:{nginx_port}/"),
        ):
            rate, p50, p99, errors = wrk(url, connections)
            label = f"{name}, {connections} connection" + ("s" if connections > 1 else "")
            print(f"{label:32} {rate:11,.0f} {p50:6.2f} ms {p99:6.2f} ms {errors:8}")


def serving(repository: str) -> None:
    services = Services()
    state = os.path.join(WORK, "state2")
    port = free_port()
    try:
        services.start(
            INGOT, "run", "-C", repository, "--state", state, "--data", DATA, log="controller.log"
        )
        services.start(INGOT, "gateway", "--state", state, "--port", str(port), log="gateway.log")
        run(INGOT, "wait", "--state", state, "--timeout", "2m")
        reverts(repository, state, port)
        throughput(port, services)
    finally:
        services.stop()


# Validation

DATASET = """apiVersion: ingot/v1
kind: Dataset
metadata: {{name: dataset-{n}}}
spec:
  source: {{file: {{path: data/{n}.csv}}}}
  schema:
    - {{name: id, type: string}}
    - {{name: at, type: timestamp}}
    - {{name: x, type: double}}
    - {{name: y, type: boolean}}
"""
VIEW = """apiVersion: ingot/v1
kind: FeatureView
metadata: {{name: view-{n}}}
spec:
  source: {{dataset: dataset-{d}}}
  entity: [id]
  timestamp: at
  ttl: 7d
  features: [{{column: x}}, {{name: x_mean, column: x, aggregate: mean, windows: [1h, 24h]}}]
"""
CONFIG = """apiVersion: ingot/v1
kind: TrainingConfig
metadata: {{name: config-{n}}}
spec:
  spine: {{dataset: dataset-{d}, timestamp: at, key: [id]}}
  label: {{name: label, column: y}}
  task: binary-classification
  features: [{{columns: [x]}}, {{view: view-{n}}}]
  split: {{time: {{validation: 2024-01-01, test: 2024-02-01}}}}
  algorithm: {{name: lightgbm, parameters: {{num_leaves: 31}}}}
  evaluation: {{metrics: [roc_auc], gates: [{{metric: roc_auc, min: 0.6}}]}}
"""
MODEL = """apiVersion: ingot/v1
kind: Model
metadata: {{name: model-{n}}}
spec: {{trainingConfig: config-{n}, stages: [{{name: production, track: latest}}]}}
"""
DEPLOYMENT = """apiVersion: ingot/v1
kind: Deployment
metadata: {{name: deployment-{n}}}
spec: {{model: {{name: model-{n}, stage: production}}}}
"""


def validation() -> None:
    heading("ingot validate on 10,000 generated manifests, one a file")
    folder = os.path.join(WORK, "generated")
    for kind, template, count in (
        ("datasets", DATASET, 1000),
        ("views", VIEW, 3000),
        ("configs", CONFIG, 3000),
        ("models", MODEL, 1500),
        ("deployments", DEPLOYMENT, 1500),
    ):
        os.makedirs(os.path.join(folder, kind))
        for n in range(count):
            with open(os.path.join(folder, kind, f"{n}.yaml"), "w") as file:
                file.write(template.format(n=n, d=n % 1000))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        text = run(INGOT, "validate", folder)
        times.append(time.perf_counter() - start)
    print(text.strip())
    print(f"best {min(times):.2f} s, median {statistics.median(times):.2f} s of {len(times)}")


def main() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    machine()
    repository = features()
    serving(repository)
    validation()


if __name__ == "__main__":
    main()
