"""The metrics, by scikit-learn's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingot_worker.errors import config_error, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRICS = {
    "binary-classification": (
        *("roc_auc", "log_loss", "average_precision", "brier"),
        *("accuracy", "f1", "precision", "recall", "f1_macro"),
    ),
    "multiclass-classification": ("log_loss", "accuracy", "f1_macro"),
    "regression": ("rmse", "mae", "r2"),
}
# Undefined unless the rows have both classes.
RANKING = ("roc_auc", "average_precision")


def warm() -> None:
    """Imports for the warm parent."""
    import sklearn.metrics

    assert sklearn.metrics


def check_names(task: str, names: list[str]) -> None:
    """Raise a config error unless the task has all these metrics."""
    if task not in METRICS:
        hint = did_you_mean(task, METRICS, known=True)
        raise config_error("UnknownTask", f"unknown task '{task}'", hint)
    for name in names:
        if name not in METRICS[task]:
            hint = did_you_mean(name, METRICS[task], known=True)
            raise config_error("UnknownMetric", f"{task} has no metric '{name}'", hint)


def compute(name: str, truth: NDArray[Any], scores: NDArray[Any], classes: int) -> float:
    """One metric. `truth` [rows] holds class positions, or numbers for a regression (0 classes);
    `scores` [rows, classes] probabilities, or [rows, 1] predictions."""
    if classes == 0:
        return _regression(name, truth, scores[:, 0])
    if name in (*RANKING, "brier"):
        return _ranking(name, truth, scores[:, 1])
    return _decision(name, truth, scores, classes)


def _regression(name: str, truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    from sklearn import metrics

    if name == "rmse":
        return float(metrics.root_mean_squared_error(truth, predicted))
    function = {"mae": metrics.mean_absolute_error, "r2": metrics.r2_score}[name]
    return float(function(truth, predicted))


def _ranking(name: str, truth: NDArray[Any], positive: NDArray[Any]) -> float:
    import numpy as np
    from sklearn import metrics

    if name == "brier":
        return float(np.mean((positive.astype(np.float64) - truth) ** 2))
    function = {
        "roc_auc": metrics.roc_auc_score,
        "average_precision": metrics.average_precision_score,
    }[name]
    return float(function(truth, positive))


def _decision(name: str, truth: NDArray[Any], scores: NDArray[Any], classes: int) -> float:
    import numpy as np
    from sklearn import metrics

    labels = list(range(classes))
    if name == "log_loss":
        # float32 probabilities add up to one only roughly, and may be zero.
        safe = np.clip(scores.astype(np.float64), 1e-15, 1)
        safe /= safe.sum(axis=1, keepdims=True)
        return float(metrics.log_loss(truth, safe, labels=labels))
    chosen = scores.argmax(axis=1)
    if name == "accuracy":
        return float(metrics.accuracy_score(truth, chosen))
    if name == "f1_macro":
        return float(
            metrics.f1_score(truth, chosen, average="macro", labels=labels, zero_division=0)
        )
    function = {
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
    }[name]
    return float(function(truth, chosen, zero_division=0))
