"""What the controller and the commands cost at ten thousand resources, beside ninja and DVC."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import many_manifests
from bench_tools import BenchError, Processes, median, output, quantile, table

ROUNDS = 7
COMMITS = 60
STEPS = 1000
RUNS = 100_000
NINJA_TARGETS = 10_000
DVC_STAGES = 100
DVC_VERSION = "3.67.1"


class Scale:
    """A repository, a state directory and the command."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary, self.folder = binary, folder
        self.work, self.state = folder / "work", folder / "state"
        self.work.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ingot Bench")
        self.git("config", "user.email", "bench@example.com")

    def git(self, *words: str) -> str:
        return output(["git", "-C", str(self.work), *words]).strip()

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def ingot(self, *words: str) -> list[str | Path]:
        return [self.binary, *words, "--state", self.state]

    def controller(self, processes: Processes, name: str) -> subprocess.Popen[bytes]:
        command = self.ingot("run", "--repository", str(self.work), "--interval", "1")
        return processes.start(name, command)

    def report(self) -> dict[str, Any]:
        """What the controller says of itself; empty before its first look."""
        try:
            report: dict[str, Any] = json.loads((self.state / "run/controller.json").read_text())
            return report
        except (OSError, ValueError):
            return {}

    def until(self, what: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            report = self.report()
            if report and condition(report):
                return report
            time.sleep(0.02)
        raise BenchError(f"the controller's report never showed {what}")


def timed(command: list[str | Path], rounds: int = ROUNDS, **options: Any) -> list[float]:
    """Seconds of each of several runs, after one that is not counted."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        output(command, **options)
        times.append(time.perf_counter() - start)
    return times[1:]


def memory(pid: int) -> tuple[float, float]:
    """Resident memory and its peak, MB."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return tuple(int(fields[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def write_noops(folder: Path, count: int, content: str = "a") -> None:
    """Datasets that make nothing, fifty to a file."""
    text = "apiVersion: ingot/v1\nkind: Project\nmetadata: {name: noops}\nspec: {}\n"
    (folder / "ingot.yaml").write_text(text)
    for first in range(0, count, 50):
        documents = [
            f"apiVersion: ingot/v1\nkind: Dataset\nmetadata: {{name: noop-{i}}}\n"
            f'spec:\n  source: {{noop: {{content: "{content}-{i}"}}}}\n'
            for i in range(first, min(first + 50, count))
        ]
        (folder / f"noops-{first // 50:03}.yaml").write_text("---\n".join(documents))


def measure_controller(scale: Scale, processes: Processes) -> list[tuple[str, ...]]:
    """At 10,000 resources whose data are in the repository; nothing is run: all is suspended."""
    (scale.work / "ingot.yaml").write_text(many_manifests.PROJECT)
    scale.commit("Nothing yet")
    output([*scale.ingot("apply"), "--repository", scale.work])
    output(scale.ingot("suspend", "--all", "--reason", "benchmark"))
    many_manifests.generate(scale.work / "manifests")
    (scale.work / "manifests/ingot.yaml").rename(scale.work / "ingot.yaml")
    (scale.work / "data").mkdir()
    for i in range(1000):
        row = f"id,customer,at,amount,bought\n{i},c,2024-01-01T00:00:00Z,1.5,true\n"
        (scale.work / f"data/table-{i}.csv").write_text(row)
    scale.commit("Ten thousand resources")
    rows: list[tuple[str, ...]] = []
    cold = []
    for index in range(3):
        process = scale.controller(processes, f"scale-cold-{index}")
        report = scale.until(
            "its cold start", lambda r, pid=process.pid: r["pid"] == pid and r["changedMs"]
        )
        cold.append(report["coldStartMs"])
        if index < 2:
            processes.stop(process)
    rows.append(("cold start: process start to plan ready", "ms", *spread(cold), "≤ 1,500"))
    changed: list[float] = []
    target = scale.work / "manifests/training-000.yaml"
    for index in range(15):
        target.write_text(target.read_text().replace("seed: 1", f"seed: {index + 2}", 1))
        seen = scale.report()["changed"]
        scale.commit(f"Seed {index}")
        report = scale.until("a change", lambda r, n=seen: r["changed"] > n)
        changed.append(report["changedMs"][-1])
    rows.append(("one manifest changed: signal to plan ready", "ms", *spread(changed), "≤ 100"))
    start = scale.report()["unchanged"]
    report = scale.until("unchanged looks", lambda r: r["unchanged"] >= start + 10)
    rows.append(("unchanged revision looked at", "ms", *spread(report["unchangedMs"][-10:]), "≤ 5"))
    resident, peak = memory(process.pid)
    figures = (f"{resident:.0f}", f"{peak:.0f}", f"{peak:.0f}")
    rows.append(("memory of the controller: now, peak", "MB", *figures, "≤ 150"))
    processes.stop(process)
    return rows


def spread(times: list[float]) -> tuple[str, str, str]:
    return tuple(f"{f:.1f}" for f in (median(times), quantile(times, 0.95), max(times)))  # type: ignore[return-value]


def measure_seen(scale: Scale, processes: Processes) -> list[tuple[str, ...]]:
    """From the end of `git commit` to the controller's record of the revision."""
    write_noops(scale.work, 10)
    scale.commit("Ten")
    process = scale.controller(processes, "scale-seen")
    scale.until("its start", lambda r: r["pid"] == process.pid and bool(r["changedMs"]))
    times = []
    for index in range(COMMITS):
        (scale.work / "notes.txt").write_text(str(index))
        scale.git("add", "-A")
        commit = subprocess.run(
            ["git", "-C", scale.work, "commit", "-qm", f"Note {index}"], check=True
        )
        ended = time.time() * 1000
        assert commit.returncode == 0
        head = scale.git("rev-parse", "HEAD")
        scale.until("the commit", lambda r, h=head: r["commit"] == h)
        times.append(max(0.0, scale.report()["seenAt"] - ended))
    processes.stop(process)
    return [(f"{COMMITS} commits: end of git commit to seen", "ms", *spread(times), "≤ 50 p95")]


def measure_steps(scale: Scale) -> list[tuple[str, ...]]:
    """A thousand steps that do nothing, two at a time."""
    write_noops(scale.work, STEPS)
    scale.commit("A thousand")
    start = time.perf_counter()
    output([*scale.ingot("apply"), "--repository", scale.work], timeout=300)
    first = time.perf_counter() - start
    start = time.perf_counter()
    output([*scale.ingot("apply"), "--repository", scale.work], timeout=300)
    idle = time.perf_counter() - start
    each = (first - idle) / STEPS * 1000
    cells = (f"{each:.1f}", f"{2 * each:.1f}", f"{first:.1f} s")
    return [("1,000 noop steps: wall each, slot each, all", "ms", *cells, "≤ 20")]


def measure_plan(scale: Scale, python: Path | None) -> list[tuple[str, ...]]:
    """Nothing to do, from the command line, all included."""
    write_noops(scale.work, 10_000)
    scale.commit("Ten thousand")
    output([*scale.ingot("apply"), "--repository", scale.work], timeout=900)
    ours = timed([*scale.ingot("plan"), "--repository", scale.work])
    ninja = measure_ninja(scale.folder / "ninja")
    rows = [
        ("ingot plan, 10,000 steps, nothing to do", "ms", *milliseconds(ours), "≤ ninja + 250"),
        (f"ninja, {NINJA_TARGETS:,} targets, nothing to do", "ms", *milliseconds(ninja), ""),
    ]
    if python is not None:
        dvc = measure_dvc(scale.folder / "dvc", python)
        name = f"dvc repro {DVC_VERSION}, {DVC_STAGES} stages, nothing to do"
        rows.append((name, "ms", *milliseconds(dvc), ""))
    return rows


def milliseconds(times: list[float]) -> tuple[str, str, str]:
    return spread([seconds * 1000 for seconds in times])


def measure_ninja(folder: Path) -> list[float]:
    folder.mkdir()
    lines = ["rule touch", "  command = : > $out"]
    lines += [f"build out/{i}: touch in/{i}" for i in range(NINJA_TARGETS)]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")
    (folder / "in").mkdir()
    for i in range(NINJA_TARGETS):
        (folder / f"in/{i}").touch()
    output(["ninja", "-C", folder, "--quiet"], timeout=300)
    return timed(["ninja", "-C", folder])


def dvc_python(root: Path) -> Path | None:
    """A private virtual environment with DVC; None if there is no index."""
    venv = root / ".demo/bench-dvc"
    python = venv / "bin/python"
    if (venv / "complete").exists():
        return python
    shutil.rmtree(venv, ignore_errors=True)
    try:
        output(["python3", "-m", "venv", venv])
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
        ]
        output([*pip, f"dvc=={DVC_VERSION}"], timeout=300)
    except (BenchError, subprocess.TimeoutExpired) as error:
        print(f"Skipped the peer DVC: {str(error)[-300:]}\n")
        return None
    (venv / "complete").touch()
    return python


def measure_dvc(folder: Path, python: Path) -> list[float]:
    folder.mkdir()
    dvc = python.parent / "dvc"
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    for command in (["git", "init", "-q"], [dvc, "init", "-q"]):
        output(command, cwd=folder, env=environment)
    stages = "".join(
        f"  s{i}:\n    cmd: cp in{i} out{i}\n    deps: [in{i}]\n    outs: [out{i}]\n"
        for i in range(DVC_STAGES)
    )
    (folder / "dvc.yaml").write_text("stages:\n" + stages)
    for i in range(DVC_STAGES):
        (folder / f"in{i}").write_text(str(i))
    output([dvc, "repro", "-q"], cwd=folder, env=environment, timeout=600)
    return timed([dvc, "repro", "-q"], rounds=3, cwd=folder, env=environment)


def measure_history(scale: Scale) -> list[tuple[str, ...]]:
    """A state with 100,000 runs of the thousand noops, copied from real ones."""
    many = scale.folder / "many-state"
    shutil.copytree(scale.state, many)
    database = sqlite3.connect(many / "state.sqlite")
    columns = [row[1] for row in database.execute("PRAGMA table_info(runs)")]
    kept = [f'"{name}"' for name in columns if name not in ("seq", "id")]
    source = list(database.execute(f"SELECT {', '.join(kept)} FROM runs WHERE state='succeeded'"))
    marks = ", ".join("?" * (len(kept) + 1))
    database.executemany(
        f"INSERT INTO runs (id, {', '.join(kept)}) VALUES ({marks})",
        ((f"copy{i:015}", *source[i % len(source)]) for i in range(RUNS)),
    )
    database.commit()
    database.close()
    rows = []
    for name, words, bar in (
        ("ingot status of one resource", ["status", "dataset/noop-7"], "≤ 100"),
        ("ingot history of one resource", ["history", "dataset/noop-7"], "≤ 100"),
        ("ingot status of all 1,000", ["status"], ""),
        ("ingot get runs (newest 100)", ["get", "runs", "--limit", "100"], ""),
    ):
        times = timed([scale.binary, *words, "--state", many])
        rows.append((f"{name}, {RUNS:,} runs", "ms", *milliseconds(times), bar))
    return rows


def measure_scale(binary: Path, folder: Path, root: Path, processes: Processes) -> None:
    print("# 6. Ten thousand resources, a thousand steps, a hundred thousand runs\n")
    print(
        "1,000 datasets, 3,000 views, 3,000 training configs, 1,500 models and 1,500 deployments,\n"
        "14,000 steps. The controller's own figures are those of `run/controller.json`.\n"
    )
    steps = Scale(binary, folder / "scale-steps")
    rows = measure_controller(Scale(binary, folder / "scale-10000"), processes)
    rows += measure_seen(Scale(binary, folder / "scale-seen"), processes)
    rows += measure_steps(steps)
    rows += measure_history(steps)
    rows += measure_plan(Scale(binary, folder / "scale-plan"), dvc_python(root))
    table(("what", "unit", "median", "p95", "max", "must reach"), rows)
