"""What a step costs beyond its own work."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bench_tools import Ingot, median, table


def own_seconds(run: dict[str, Any]) -> float | None:
    seconds = (run.get("metadata") or {}).get("seconds")
    return sum(seconds.values()) if isinstance(seconds, dict) else None


def report_overhead(states: list[Ingot]) -> None:
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    unknown: dict[str, int] = defaultdict(int)
    for ingot in states:
        sources = {s["step"] for s in ingot.plan() if "sql" not in s}
        for run in ingot.runs():
            if run["state"] != "succeeded":
                continue
            kind = run["step"].rpartition("#")[2]
            own = own_seconds(run)
            if own is None:
                unknown[kind] += 1
                continue
            if kind == "snapshot":
                kind += " of a file" if run["step"] in sources else " by SQL"
            groups[kind].append((run["seconds"], own))
    print("# 3. Overhead per step against the step's own work\n")
    print(
        "Of every run above: seconds from start to published artifact, and of these the worker's\n"
        "own. The overhead is the fork, limits, hashing and publishing. Snapshots of files are\n"
        "the first steps of a controller: they wait for the workers' imports, once in its life.\n"
    )
    rows = []
    warm = [pair for kind, pairs in groups.items() if "of a file" not in kind for pair in pairs]
    for kind, pairs in [*groups.items(), ("all but snapshots of files", warm)]:
        extra = [total - own for total, own in pairs]
        figures = median([p[0] for p in pairs]), median([p[1] for p in pairs])
        share = sum(extra) / max(sum(own for _, own in pairs), 1e-9)
        cells = [f"{figures[0]:.3f} s", f"{figures[1]:.3f} s", f"{median(extra) * 1000:.0f} ms"]
        cells += [f"{max(extra) * 1000:.0f} ms", f"{share * 100:.1f} %"]
        rows.append((kind, str(len(pairs)), *cells))
    header = ("step", "n", "median total", "own", "overhead", "largest", "sum of overheads / own")
    table(header, rows)
    for kind, count in unknown.items():
        print(f"{kind}: {count} runs without a figure of their own (no `seconds` in the record).\n")
