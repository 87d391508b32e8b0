"""Parity: the exported model must score like the trained one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingot_worker.errors import config_error
from ingot_worker.pipeline import Pipeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROWS = 10_000


def warm() -> None:
    """Imports for the warm parent."""
    import os

    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    assert onnxruntime


def session(model: bytes | str, threads: int) -> Any:
    """An ONNX Runtime session on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def score(
    scorer: Any, numeric: NDArray[np.float32] | None, categorical: list[NDArray[Any]]
) -> NDArray[np.float32]:
    """The model's output for rows, in batches."""
    import numpy as np

    rows = len(numeric) if numeric is not None else len(categorical[0])
    parts = []
    for start in range(0, rows, 20_000):
        feed: dict[str, Any] = {}
        if numeric is not None:
            feed["numeric"] = numeric[start : start + 20_000]
        if categorical:
            feed["categorical"] = np.stack(
                [c[start : start + 20_000] for c in categorical], axis=1
            ).astype(object)
        parts.append(scorer.run(None, feed)[0])
    return np.concatenate(parts)


def expected(estimator: Any, matrix: NDArray[np.float32], classes: int) -> NDArray[Any]:
    """The trained estimator's own scores."""
    import numpy as np

    if classes:
        return np.asarray(estimator.predict_proba(matrix))
    return np.asarray(estimator.predict(matrix)).reshape(-1, 1)


def check(
    model: bytes,
    pipeline: Pipeline,
    estimator: Any,
    rows: tuple[NDArray[np.float32] | None, list[NDArray[Any]]],
    classes: int,
    tolerance: dict[str, float],
    threads: int,
    nullable: bool,
) -> dict[str, Any]:
    """Compare on up to 10,000 real rows, plus one of nulls and of unknown categories."""
    import numpy as np

    numeric, categorical = rows
    total = len(numeric) if numeric is not None else len(categorical[0])
    picked = np.unique(np.linspace(0, total - 1, min(total, ROWS)).astype(np.int64))
    if numeric is not None:
        numeric = numeric[picked]
        extra = numeric[:1].copy()
        if nullable:
            extra[:] = np.nan
        numeric = np.concatenate([numeric, extra])
    categorical = [
        np.concatenate([c[picked], np.array(["\u0001 unknown"], dtype=object)]) for c in categorical
    ]
    want = expected(estimator, pipeline.transform(numeric, categorical), classes)
    have = score(session(model, threads), numeric, categorical)
    absolute = float(tolerance.get("absolute", 1e-4))
    relative = float(tolerance.get("relative", 1e-4))
    if have.shape != want.shape:
        raise config_error(
            "ParityFailed", f"the exported model gives {have.shape} scores instead of {want.shape}"
        )
    difference = np.abs(have.astype(np.float64) - want.astype(np.float64))
    limit = absolute + relative * np.abs(want)
    wrong = ~(difference <= limit).all(axis=1)
    largest = float(np.nanmax(difference))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise config_error(
            "ParityFailed",
            f"the exported model differs from the trained one in {int(wrong.sum()):,} of "
            f"{len(want):,} rows; the largest difference is {largest:.3g} "
            f"(tolerance {absolute:g} + {relative:g} × the value)",
            "scale no inputs of trees, impute missing values, or raise the parity tolerance",
            row=row,
            trained=[float(v) for v in want[row]],
            exported=[float(v) for v in have[row]],
        )
    return {
        "rows": len(want),
        "maxAbsoluteDifference": largest,
        "tolerance": {"absolute": absolute, "relative": relative},
    }
