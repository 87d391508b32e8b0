"""Measures Ingot side by side with its peers. See run.sh."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import many_manifests
from bench_joins import measure_flights, measure_latest, measure_memory
from bench_online import measure_online
from bench_overhead import report_overhead
from bench_scale import measure_scale
from bench_tools import (
    BenchError,
    Client,
    Ingot,
    Processes,
    Project,
    free_port,
    median,
    output,
    quantile,
    table,
)

HERE = Path(__file__).parent
ROUNDS = 3
REVERTS = 20
INFER = "/v2/models/arrival-delay/infer"
VIEWS = ("weather", "origin-delays", "carrier-delays")
TRAIN = "trainingconfig/arrival-delay#train"
TRAINING_SET = "trainingconfig/arrival-delay#training-set"
MEASURED = [*(f"featureview/{name}#features" for name in VIEWS), TRAINING_SET]
THREADS = 1  # What Ingot gives a step that says nothing else, and the flights' training config.
PEER_PACKAGES = ("starlette", "uvicorn", "httptools", "uvloop", "numpy", "onnxruntime")


@dataclass
class Bench:
    ingot: Path
    root: Path
    folder: Path
    python: Path
    processes: Processes

    def environment(self, name: str) -> tuple[Project, Ingot]:
        """A fresh repository and a state directory that does not exist yet."""
        folder = self.folder / name
        folder.mkdir()
        project = Project(folder, self.root)
        data = self.root / ".demo"
        return project, Ingot(self.ingot, folder / "state", project.bare, data)


# MARK: The machine


def versions(python: Path) -> str:
    code = "import sys, duckdb, onnxruntime; print(f'{sys.version.split()[0]}|"
    code += "{duckdb.__version__}|{onnxruntime.__version__}')"
    runtime = output([python, "-c", code]).strip().split("|")
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return (
        f"Python {runtime[0]}, DuckDB {runtime[1]}, ONNX Runtime {runtime[2]}, "
        f"nginx {nginx.strip().rpartition('/')[2]}, {' '.join(wrk.split()[:2])}"
    )


def describe_machine(bench: Bench) -> None:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    release = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    print("# Machine\n")
    print(f"- {len(os.sched_getaffinity(0))} CPUs: {model[1] if model else platform.machine()}")
    print(f"- {int(memory[1]) / 2**20 if memory else 0:.1f} GiB of memory")
    print(f"- {release[1] if release else platform.system()}, Linux {platform.release()}")
    print(f"- {output([bench.ingot, 'version']).strip().splitlines()[0]}")
    print(f"- {versions(bench.python)}")
    print(f"- load average at the start: {load}\n", flush=True)


# MARK: 1. Features against bare DuckDB


def finished(ingot: Ingot, step: str, seconds: float = 60) -> dict[str, Any]:
    """The record of the step's successful run; waits for it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for run in ingot.runs():
            if run["step"] == step and run["state"] == "succeeded":
                return run
            if run["step"] == step and run["state"] == "failed":
                raise BenchError(f"{step} failed: {run}")
        time.sleep(0.1)
    raise BenchError(f"{step} did not finish in {seconds:.0f} s")


def put_views(project: Project, count: int) -> None:
    """The first `count` views of the file."""
    text = (project.root / "manifests/feature-views.yaml").read_text()
    documents = text.split("\n---\n")
    (project.work / "feature-views.yaml").write_text("\n---\n".join(documents[:count]) + "\n")


def run_inside(bench: Bench, index: int) -> tuple[Ingot, dict[str, dict[str, Any]]]:
    """Every step in a fresh state directory, one commit after the other: each runs alone."""
    project, ingot = bench.environment(f"features-{index}")
    project.put("ingot.yaml", "raw-datasets.yaml", "derived-datasets.yaml")
    revision = project.commit("Datasets")
    controller = bench.processes.start(f"features-{index}", ingot.run_command())
    ingot.wait(revision)
    for count in range(1, len(VIEWS) + 1):
        put_views(project, count)
        ingot.wait(project.commit(f"View {count}"))
    project.put("training.yaml")
    project.commit("Training")
    finished(ingot, TRAINING_SET)
    bench.processes.stop(controller)  # Which also cancels the training.
    return ingot, {step: finished(ingot, step) for step in MEASURED}


def run_bare(
    bench: Bench, ingot: Ingot, records: dict[str, dict[str, Any]]
) -> dict[str, tuple[float, bool]]:
    """The same SQL over the same files: the seconds, and whether the bytes are the same."""
    parquet = {run["step"]: run["artifact"] for run in ingot.runs() if run.get("artifact")}
    results = {}
    for planned in ingot.plan():
        step = planned["step"]
        if step not in MEASURED:
            continue
        if step == TRAINING_SET:
            sources = {"spine": "dataset/flights#snapshot"}
            sources |= {f"view:{name}": f"featureview/{name}#features" for name in VIEWS}
        else:
            dataset = "weather" if "/weather#" in step else "landed-flights"
            sources = {"dataset": f"dataset/{dataset}#snapshot"}
        result = bench.folder / "bare.parquet"
        result.unlink(missing_ok=True)
        inputs = {name: ingot.file(parquet[s], "data.parquet") for name, s in sources.items()}
        job = {"sql": planned["sql"], "threads": THREADS, "output": str(result)}
        job["inputs"] = {name: str(path) for name, path in inputs.items()}
        (bench.folder / "job.json").write_text(json.dumps(job))
        answer = output([bench.python, HERE / "bare_sql.py", bench.folder / "job.json"])
        ours = ingot.file(records[step]["artifact"], "data.parquet")
        same = hashlib.sha256(result.read_bytes()).digest()
        is_same = same == hashlib.sha256(ours.read_bytes()).digest()
        results[step] = (json.loads(answer)["seconds"], is_same)
    return results


def measure_features(bench: Bench) -> tuple[list[Ingot], dict[str, list[float]]]:
    inside: dict[str, list[float]] = defaultdict(list)
    bare: dict[str, list[float]] = defaultdict(list)
    states, is_same = [], True
    for index in range(1, ROUNDS + 1):
        ingot, records = run_inside(bench, index)
        states.append(ingot)
        for step, (seconds, same) in run_bare(bench, ingot, records).items():
            inside[step].append(records[step]["seconds"])
            bare[step].append(seconds)
            is_same = is_same and same
    print(f"# 1. Feature steps against the same programs in bare DuckDB ({THREADS} thread)\n")
    print(
        f"{ROUNDS} rounds, each in a fresh state directory, the two sides in turn. Seconds from\n"
        "the step's start to its published artifact, against connecting, running the program\n"
        "(SQL, and the search in sorted rows) and writing Parquet in a fresh process with its\n"
        "imports done.\n"
    )
    header = ("step", "Ingot best", "median", "DuckDB best", "median", "ratio of bests", "medians")
    inside["all four"] = [sum(times) for times in zip(*inside.values(), strict=True)]
    bare["all four"] = [sum(times) for times in zip(*bare.values(), strict=True)]
    rows = []
    for step, ours in inside.items():
        theirs = bare[step]
        ratio = min(ours) / min(theirs), median(ours) / median(theirs)
        figures = min(ours), median(ours), min(theirs), median(theirs)
        rows.append((step, *(f"{f:.3f} s" for f in figures), *(f"{r:.2f}×" for r in ratio)))
    table(header, rows)
    print(f"The same bytes of Parquet on both sides: {'yes' if is_same else 'NO'}.\n", flush=True)
    return states, inside


# MARK: 2. From push to the reverted version's answer


@dataclass
class Served:
    ingot: Ingot
    port: int
    bodies: Path
    model: Path


def serve(bench: Bench) -> tuple[Project, Served]:
    """The story's first two commits, trained and served: versions 1 and 2."""
    project, ingot = bench.environment("story")
    bench.processes.start("controller", ingot.run_command())
    deadline = time.monotonic() + 20
    project.put_first()
    first = project.commit("Predict late arrivals from the schedule")
    while not (ingot.state / "state.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    port = free_port()
    command: list[str | Path] = [bench.ingot, "gateway", "--state", ingot.state]
    bench.processes.start("gateway", [*command, "--port", str(port)])
    ingot.wait(first, serving=True)
    write_bodies(bench, ingot, "1")
    project.put("feature-views.yaml", "training.yaml")
    ingot.wait(project.commit("Add weather and recent delays as features"), serving=True)
    bodies = write_bodies(bench, ingot, "2")
    model = bench.folder / "model"
    model.mkdir()
    for name in ("model.onnx", "signature.json"):
        shutil.copy(ingot.file(newest(ingot, TRAIN), name), model / name)
    return project, Served(ingot, port, bodies, model)


def newest(ingot: Ingot, step: str) -> str:
    """The artifact of the step's newest run."""
    return str(finished(ingot, step)["artifact"])


def write_bodies(bench: Bench, ingot: Ingot, version: str) -> Path:
    """100 requests of one row each for the version that is served."""
    signature = ingot.file(newest(ingot, TRAIN), "signature.json")
    parquet = ingot.file(newest(ingot, TRAINING_SET), "data.parquet")
    bodies = bench.folder / f"bodies-{version}.jsonl"
    output([bench.python, HERE / "request_rows.py", parquet, signature, "100", bodies])
    return bodies


def measure_reverts(bench: Bench, project: Project, served: Served) -> None:
    bodies = {
        version: (bench.folder / f"bodies-{version}.jsonl").read_text().splitlines()[0]
        for version in ("1", "2")
    }
    client, ingot = Client(served.port), served.ingot
    before = len(ingot.runs())
    answered: dict[str, list[float]] = {"1": [], "2": []}
    pushed: list[float] = []
    for index in range(REVERTS):
        version = "1" if index % 2 == 0 else "2"
        project.git("revert", "--no-edit", "HEAD")
        start = time.perf_counter()
        push = subprocess.Popen(["git", "-C", str(project.work), "push", "-q", "origin", "main"])
        took = 0.0
        while True:
            status, answer = client.request("POST", INFER, bodies[version])
            now = time.perf_counter() - start
            if not took and push.poll() is not None:
                took = now
            if status == 200 and json.loads(answer).get("model_version") == version:
                break
            if now > 30:
                raise BenchError(f"version {version} does not answer after 30 s: {answer[:300]!r}")
            time.sleep(0.001)
        answered[version].append(now)
        pushed.append(took or now)
        if push.wait() != 0:
            raise BenchError("git push failed")
        ingot.wait(project.git("rev-parse", "HEAD"), serving=True)
        time.sleep(0.2)
    ran = len(ingot.runs()) - before
    print("# 2. From `git push` of a revert to the first answer by the reverted version\n")
    print("The clock starts before `git push` and stops with the answer, over HTTP.\n")
    rows = []
    for name, times in (
        ("back to version 1", answered["1"]),
        ("back to version 2", answered["2"]),
        ("all", answered["1"] + answered["2"]),
        ("of which `git push` itself", pushed),
    ):
        figures = [quantile(times, 0.5), quantile(times, 0.95), max(times)]
        rows.append((name, str(len(times)), *(f"{f * 1000:.0f} ms" for f in figures)))
    table(("reverts", "n", "p50", "p95", "max"), rows)
    print(f"Steps that ran: {ran}.\n", flush=True)


# MARK: 4. Requests


@contextlib.contextmanager
def nginx(bench: Bench, answer: str) -> Iterator[int]:
    port, folder = free_port(), bench.folder / "nginx"
    folder.mkdir(exist_ok=True)
    quoted = answer.replace("\\", "\\\\").replace("'", "\\'").replace("$", "")
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nworker_processes auto;\npid {folder}/nginx.pid;\n"
        f"error_log {folder}/error.log;\nevents {{}}\nhttp {{\n    access_log off;\n"
        f"    keepalive_requests 100000000;\n{temporary}"
        f"    server {{\n        listen 127.0.0.1:{port};\n"
        "        default_type application/json;\n"
        f"        location / {{ return 200 '{quoted}'; }}\n    }}\n}}\n"
    )
    command: list[str | Path] = ["nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    process = bench.processes.start("nginx", command)
    Client(port).wait("GET", "/", seconds=10)
    yield port
    bench.processes.stop(process)


def peer_python(bench: Bench) -> Path | None:
    """A private virtual environment with the peer's packages; None if there is no index."""
    venv = bench.root / ".demo/bench-peer"
    python = venv / "bin/python"
    if not (venv / "complete").exists():
        shutil.rmtree(venv, ignore_errors=True)
        command = "import numpy, onnxruntime as o; print(numpy.__version__, o.__version__)"
        numpy, runtime = output([bench.python, "-c", command]).split()
        pins = {"numpy": numpy, "onnxruntime": runtime}
        wanted = [f"{name}=={pins[name]}" if name in pins else name for name in PEER_PACKAGES]
        try:
            output([bench.python, "-m", "venv", venv])
            pip: list[str | Path] = [python, "-m", "pip", "install", "-q"]
            output([*pip, "--disable-pip-version-check", *wanted], timeout=60)
        except (BenchError, subprocess.TimeoutExpired) as error:
            print(f"Skipped the peer (starlette, uvicorn, onnxruntime): {str(error)[-300:]}\n")
            return None
        (venv / "complete").touch()
    return python


@contextlib.contextmanager
def peer(bench: Bench, served: Served, body: str) -> Iterator[int | None]:
    python = peer_python(bench)
    if python is None:
        yield None
        return
    port = free_port()
    command: list[str | Path] = [python, HERE / "peer_server.py", served.model, str(port), "2"]
    process = bench.processes.start("peer", command)
    Client(port).wait("POST", INFER, body)
    yield port
    bench.processes.stop(process)


def wrk(port: int, connections: int, seconds: int, bodies: Path) -> dict[str, float]:
    command: list[str | Path] = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "-s",
        HERE / "post.lua",
    ]
    text = output(
        [*command, f"http://127.0.0.1:{port}{INFER}"],
        env={**os.environ, "BENCH_BODIES": str(bodies)},
    )
    line = next(line for line in text.splitlines() if line.startswith("JSON "))
    result: dict[str, float] = json.loads(line[5:])
    return result


def probability(port: int, body: str) -> float:
    """Of the positive class: the gateway's `probability`, or the model's second output value."""
    outputs = json.loads(Client(port).wait("POST", INFER, body))["outputs"]
    found = next(item for item in outputs if item["name"].startswith("probabilit"))
    return float(found["data"][-1])


def largest_difference(ours: int, theirs: int, bodies: Path) -> float:
    """Of the two servers' probabilities, over ten rows."""
    return max(
        abs(probability(ours, body) - probability(theirs, body))
        for body in bodies.read_text().splitlines()[:10]
    )


def measure_requests(bench: Bench, served: Served) -> None:
    body = served.bodies.read_text().splitlines()[0]
    answer = Client(served.port).wait("POST", INFER, body).decode()
    print("# 4. Requests through the gateway\n")
    print(
        f"One row of version 2 (36 inputs, {len(body):,} bytes of JSON) a request, 100 rows in\n"
        f"turn, wrk with one thread on the same CPUs, {ROUNDS} rounds of 2 s in turn; medians.\n"
        "nginx takes the same body and returns 200 with the same answer. The peer is Starlette on\n"
        "uvicorn (httptools, uvloop) with onnxruntime, two processes; Ingot has two replicas.\n"
    )
    with nginx(bench, answer) as bare, peer(bench, served, body) as other:
        servers = {"nginx `return 200`": bare, "Ingot gateway": served.port}
        if other is not None:
            servers["Starlette, uvicorn"] = other
        rows = []
        for connections in (1, 16):
            results: dict[str, list[dict[str, float]]] = defaultdict(list)
            for _ in range(ROUNDS):
                for name, port in servers.items():
                    results[name].append(wrk(port, connections, 2, served.bodies))
            rates = {n: median([r["rate"] for r in found]) for n, found in results.items()}
            for name, found in results.items():
                cells = [f"{median([r[k] for r in found]):.2f} ms" for k in ("p50", "p99")]
                ratio = rates["nginx `return 200`"] / rates[name]
                failed = sum(r["failed"] for r in found)
                cells += [f"1/{ratio:.1f}", f"{failed:.0f}"]
                rows.append((name, str(connections), f"{rates[name]:,.0f}", *cells))
        header = ("server", "connections", "requests/s", "p50", "p99", "of nginx", "failed")
        table(header, rows)
        if other is not None:
            largest = largest_difference(served.port, other, served.bodies)
            print(f"Largest difference of Ingot's and the peer's probabilities: {largest:.1e}.\n")


# MARK: 5. Validate


def measure_validate(bench: Bench) -> None:
    folder = bench.folder / "many"
    manifests, files, size = many_manifests.generate(folder)
    walls, cpus = [], []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        output([bench.ingot, "validate", folder])
        walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print("# 5. `ingot validate` on 10,000 manifests\n")
    print(f"{manifests:,} manifests in {files} files, {size / 1e6:.1f} MB; 5 runs.\n")
    rows = [
        ("wall clock", f"{min(walls):.2f} s", f"{median(walls):.2f} s", f"{max(walls):.2f} s"),
        ("CPU time", f"{min(cpus):.2f} s", f"{median(cpus):.2f} s", f"{max(cpus):.2f} s"),
    ]
    table(("", "best", "median", "worst"), rows)
    verdict = "met" if min(walls) < 1 else "MISSED"
    print(f"Target: best under 1 s. {verdict}.\n", flush=True)


def main() -> int:
    ingot, root = Path(sys.argv[1]), Path(sys.argv[2])
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what was started is stopped.
    folder = root / ".demo/bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python = Path(output([ingot, "runtime"], timeout=1800).strip().splitlines()[-1]) / "bin/python"
    status = 0
    with Processes(folder) as processes:
        bench = Bench(ingot, root, folder, python, processes)
        try:
            describe_machine(bench)
            states, inside = measure_features(bench)
            project, served = serve(bench)
            measure_reverts(bench, project, served)
            report_overhead([*states, served.ingot])
            measure_requests(bench, served)
            measure_validate(bench)
            measure_scale(bench.ingot, bench.folder, bench.root, bench.processes)
            measure_flights(bench.python, bench.folder, states[0], inside)
            measure_latest(bench.ingot, bench.python, bench.folder, bench.root)
            measure_memory(bench.ingot, bench.python, bench.folder)
            measure_online(*bench.environment("online"), bench.processes)
        except (BenchError, subprocess.TimeoutExpired) as error:
            print(f"error: {error}\nhint: the logs are {folder}/*.log", file=sys.stderr)
            status = 1
    print(f"Took {time.monotonic() - started:.0f} s.")
    return status


if __name__ == "__main__":
    sys.exit(main())
