"""Constant load: sends the same request over keep-alive connections until standard input ends.

Prints one JSON line: how many requests were answered, how many failed, by which model versions,
and the latencies. Standard library only.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time


def worker(
    host: str,
    port: int,
    path: str,
    body: bytes,
    stop: threading.Event,
    seen: list[tuple[str, float]],
) -> None:
    """Appends (model version or error text, seconds) for every request."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    while not stop.is_set():
        start = time.perf_counter()
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
            outcome = (
                str(answer.get("model_version"))
                if response.status == 200
                else f"error {response.status}: {answer.get('error')}"
            )
        except (OSError, http.client.HTTPException, ValueError) as error:
            outcome = f"error: {error!r}"
            connection.close()
        seen.append((outcome, time.perf_counter() - start))
        time.sleep(0.002)


def main() -> None:
    host, port, path, body_file = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    with open(body_file, "rb") as file:
        body = file.read()
    stop = threading.Event()
    seen: list[tuple[str, float]] = []
    threads = [
        threading.Thread(target=worker, args=(host, port, path, body, stop, seen)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    versions: dict[str, int] = {}
    for outcome, _ in seen:
        versions[outcome] = versions.get(outcome, 0) + 1
    seconds = sorted(latency for _, latency in seen)
    errors = {key: count for key, count in versions.items() if key.startswith("error")}
    print(
        json.dumps(
            {
                "requests": len(seen),
                "failed": sum(errors.values()),
                "errors": errors,
                "versions": {k: v for k, v in sorted(versions.items()) if k not in errors},
                "p50_ms": round(1000 * seconds[len(seconds) // 2], 2) if seconds else None,
                "p99_ms": round(1000 * seconds[len(seconds) * 99 // 100], 2) if seconds else None,
            }
        )
    )


if __name__ == "__main__":
    main()
