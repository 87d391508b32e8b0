"""Evaluation: scores with ONNX Runtime, as serving does."""

from __future__ import annotations

import json
import time
from typing import Any

from ingot_worker import data, labels, metrics, parity, sql
from ingot_worker.errors import config_error, data_error
from ingot_worker.protocol import Events, Request, write_json


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()
    metrics.warm()
    parity.warm()


def run(request: Request, events: Events) -> None:
    """The kind evaluate."""
    import pyarrow

    start = time.perf_counter()
    program = request.program
    task, label, names = program["task"], program["label"], program["metrics"]
    metrics.check_names(task, names)
    with open(request.input("model", "signature.json"), encoding="utf-8") as file:
        signature = json.load(file)
    if signature["task"] != task:
        raise config_error(
            "WrongTask",
            f"the model was trained for {signature['task']}, but the task is {task}",
        )
    columns = {i["name"]: i["columns"] for i in signature["inputs"]}
    classes = signature["outputs"][0].get("classes") or []
    events.progress(0.0, "reading")
    pyarrow.set_cpu_count(request.threads)
    splits = data.load(
        request.input("training-set", "data.parquet"),
        label,
        columns.get("numeric", []),
        columns.get("categorical", []),
        ("validation", "test"),
        columns.get("integer", []),
        columns.get("double", []),
    )
    if not any(len(rows) for rows in splits.values()):
        raise data_error(
            "SplitEmpty",
            "the training set has no validation and no test rows",
            "check the times of the split against the times of the rows",
        )
    scorer = parity.session(request.input("model", "model.onnx"))
    result: dict[str, Any] = {"rows": {name: len(rows) for name, rows in splits.items()}}
    for index, (split, rows) in enumerate(splits.items()):
        if len(rows):
            events.progress(0.2 + 0.4 * index, f"scoring the {split} split")
            result[split] = _measure(scorer, split, rows, label, classes, names)
    write_json(request.out("metrics.json"), result)
    for name, value in result.get("test", {}).items():
        events.metric(name, value)
    seconds = time.perf_counter() - start
    events.log("info", f"evaluated in {seconds:.2f} s")
    events.result({**result, "seconds": {"evaluate": round(seconds, 3)}})


def _measure(
    scorer: Any, split: str, rows: data.Rows, label: str, classes: list[str], names: list[str]
) -> dict[str, float]:
    """The metrics of one split."""
    import numpy as np

    scores = parity.score(scorer, rows)
    if not classes:
        truth: Any = rows.label.astype(np.float64)
        return {name: metrics.compute(name, truth, scores, 0) for name in names}
    truth = labels.encode(rows.label, classes, label)
    present = np.unique(truth)
    undefined = [name for name in names if name in metrics.RANKING]
    if undefined and len(present) < 2:
        raise data_error(
            "OneClassLabel",
            f"{undefined[0]} needs both classes, but label '{label}' has only one class "
            f"({classes[int(present[0])]}) in the {len(rows):,} {split} rows",
            f"give the {split} split more rows, or leave the metric out",
        )
    return {name: metrics.compute(name, truth, scores, len(classes)) for name in names}
