"""Evaluation: scores with ONNX Runtime, as serving does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ingot_worker import data, parity, sql
from ingot_worker.errors import config_error, data_error, did_you_mean
from ingot_worker.protocol import Events, Request, write_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINARY = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "accuracy",
    "precision",
    "recall",
    "f1",
)
MULTICLASS = ("accuracy", "log_loss", "f1_macro", "f1_weighted", "roc_auc_ovr", "balanced_accuracy")
REGRESSION = ("rmse", "mae", "mse", "r2", "median_absolute_error", "mape")
METRICS = {
    "binary-classification": BINARY,
    "multiclass-classification": MULTICLASS,
    "regression": REGRESSION,
}


def warm() -> None:
    """Imports for the warm parent."""
    import sklearn.metrics

    assert sklearn.metrics
    sql.warm()
    parity.warm()


def compute(name: str, truth: NDArray[Any], scores: NDArray[Any], classes: int) -> float:
    """One metric. `truth` holds class positions, or numbers for a regression."""
    import numpy as np
    from sklearn import metrics

    if classes == 0:
        predicted = scores[:, 0]
        if name == "rmse":
            return float(np.sqrt(metrics.mean_squared_error(truth, predicted)))
        function = {
            "mae": metrics.mean_absolute_error,
            "mse": metrics.mean_squared_error,
            "r2": metrics.r2_score,
            "median_absolute_error": metrics.median_absolute_error,
            "mape": metrics.mean_absolute_percentage_error,
        }[name]
        return float(function(truth, predicted))
    labels = list(range(classes))
    chosen = scores.argmax(axis=1)
    if name == "accuracy":
        return float(metrics.accuracy_score(truth, chosen))
    if name == "balanced_accuracy":
        return float(metrics.balanced_accuracy_score(truth, chosen))
    if name == "log_loss":
        safe = np.clip(scores.astype(np.float64), 1e-15, 1)
        safe /= safe.sum(axis=1, keepdims=True)
        return float(metrics.log_loss(truth, safe, labels=labels))
    if name in ("f1_macro", "f1_weighted"):
        average = name.removeprefix("f1_")
        return float(
            metrics.f1_score(truth, chosen, average=average, labels=labels, zero_division=0)
        )
    if name == "roc_auc_ovr":
        safe = scores.astype(np.float64)
        safe /= safe.sum(axis=1, keepdims=True)
        return float(metrics.roc_auc_score(truth, safe, multi_class="ovr", labels=labels))
    positive = scores[:, 1]
    if name == "roc_auc":
        return float(metrics.roc_auc_score(truth, positive))
    if name == "average_precision":
        return float(metrics.average_precision_score(truth, positive))
    if name == "brier":
        return float(np.mean((positive.astype(np.float64) - truth) ** 2))
    function = {
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
    }[name]
    return float(function(truth, chosen, zero_division=0))


def run(request: Request, events: Events) -> None:
    """The kind evaluate."""
    import numpy as np
    import pyarrow

    start = time.perf_counter()
    program = request.program
    task, label = program["task"], program["label"]
    if task not in METRICS:
        hint = did_you_mean(task, METRICS) or "known: " + ", ".join(METRICS)
        raise config_error("UnknownTask", f"unknown task '{task}'", hint)
    for name in program["metrics"]:
        if name not in METRICS[task]:
            raise config_error(
                "UnknownMetric",
                f"{task} has no metric '{name}'",
                did_you_mean(name, METRICS[task]) or "known: " + ", ".join(METRICS[task]),
            )
    with open(request.input("model", "signature.json"), encoding="utf-8") as file:
        signature = json.load(file)
    packed = {i["name"]: i["columns"] for i in signature["inputs"]}
    classes = signature["outputs"][0].get("classes") or []
    pyarrow.set_cpu_count(request.threads)
    splits = data.load(
        request.input("training-set", "data.parquet"),
        label,
        packed.get("numeric", []),
        packed.get("categorical", []),
        ("validation", "test"),
    )
    scorer = parity.session(request.input("model", "model.onnx"), request.threads)
    result: dict[str, Any] = {"rows": {name: len(rows) for name, rows in splits.items()}}
    for index, (split, rows) in enumerate(splits.items()):
        if not len(rows):
            continue
        events.progress(0.1 + 0.4 * index, f"scoring the {split} split")
        scores = parity.score(scorer, rows.numeric, rows.categorical)
        if classes:
            truth = data.encode_label(rows.label, classes, label)
            present = len(np.unique(truth))
            needs = [m for m in program["metrics"] if m.startswith("roc_auc")]
            wanted = len(classes) if "roc_auc_ovr" in needs else 2
            if needs and present < wanted:
                raise data_error(
                    "OneClassLabel",
                    f"{needs[0]} needs every class, but the {len(rows):,} {split} rows have only "
                    f"{present} of {len(classes)} classes of '{label}'",
                    "give the split more rows, or leave the metric out",
                )
        else:
            truth = rows.label.astype(np.float64)
        result[split] = {
            name: compute(name, truth, scores, len(classes)) for name in program["metrics"]
        }
    if "validation" not in result and "test" not in result:
        raise data_error("SplitEmpty", "the training set has no validation and no test rows")
    write_json(request.out("metrics.json"), result)
    for name, value in result.get("test", {}).items():
        events.metric(name, value)
    events.log("info", f"evaluated in {time.perf_counter() - start:.2f} s")
    events.result(result)
