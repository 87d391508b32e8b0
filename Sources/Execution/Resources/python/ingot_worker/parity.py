"""Parity: the exported model must score like the trained one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingot_worker.data import NULL_INTEGER, Rows
from ingot_worker.errors import config_error
from ingot_worker.pipeline import Pipeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ingot_worker.ondemand import Front

# Compared rows: evenly spread over the test split if that has more.
ROWS_MAX = 20_000
BATCH_ROWS = 20_000
UNKNOWN_CATEGORY = "\u0001 unknown"


def warm() -> None:
    """Imports for the warm parent."""
    import os

    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    assert onnxruntime


def session(model: bytes | str) -> Any:
    """An ONNX Runtime session on one thread: with more, sums over trees depend on their number."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def feed(rows: Rows, part: slice) -> dict[str, Any]:
    """The tensors of some of the rows, by the model's names."""
    import numpy as np

    tensors: dict[str, Any] = {}
    if rows.numeric is not None:
        tensors["numeric"] = rows.numeric[part]
    if rows.categorical:
        texts = [column[part] for column in rows.categorical]
        tensors["categorical"] = np.stack(texts, axis=1).astype(object)
    if rows.integer is not None:
        tensors["integer"] = rows.integer[part]
    if rows.double is not None:
        tensors["double"] = rows.double[part]
    return tensors


def score(scorer: Any, rows: Rows) -> NDArray[np.float32]:
    """The model's output [rows, outputs] for what a caller would give it; at least one row."""
    import numpy as np

    given = rows.request or rows
    parts = []
    for start in range(0, len(rows), BATCH_ROWS):
        parts.append(scorer.run(None, feed(given, slice(start, start + BATCH_ROWS)))[0])
    return np.concatenate(parts)


def _compared(rows: Rows, front: Front | None, nullable: bool) -> tuple[NDArray[np.int64], Rows]:
    """Positions of the compared rows, and the rows, one of nulls and unknowns added."""
    import numpy as np

    total = len(rows)
    picked = np.unique(np.linspace(0, total - 1, min(total, ROWS_MAX)).astype(np.int64))
    given = rows.request or rows

    def with_null(values: Any, null: Any) -> Any:
        if values is None:
            return None
        extra = np.full_like(values[:1], null) if nullable else values[:1]
        return np.concatenate([values[picked], extra])

    unknown = np.array([UNKNOWN_CATEGORY], dtype=object)
    chosen = Rows(
        with_null(given.numeric, np.nan),
        [np.concatenate([column[picked], unknown]) for column in given.categorical],
        np.append(given.label[picked], given.label[:1]),
        with_null(given.integer, NULL_INTEGER),
        with_null(given.double, np.nan),
    )
    return picked, chosen if front is None else front.compute(chosen)


def check(
    model: bytes,
    pipeline: Pipeline,
    estimator: Any,
    rows: Rows,
    tolerance: dict[str, float],
    nullable: bool,
    front: Front | None = None,
) -> dict[str, Any]:
    """Compare the scores of real rows, and of one with nulls and unknown categories: those of the
    whole exported model, with those of the front, the pipeline and the estimator one by one.

    Raises a config error, ParityFailed, if |exported - trained| > absolute + relative × |trained|
    for any of them; else returns what training.json tells.
    """
    import numpy as np

    picked, chosen = _compared(rows, front, nullable)
    matrix = pipeline.transform(chosen.numeric, chosen.categorical)
    if hasattr(estimator, "predict_proba"):
        trained = np.asarray(estimator.predict_proba(matrix), dtype=np.float64)
    else:
        trained = np.asarray(estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)
    exported = score(session(model), chosen).astype(np.float64)
    if exported.shape != trained.shape:
        raise config_error(
            "ParityFailed",
            f"the exported model gives scores of shape {exported.shape}, "
            f"the trained one of shape {trained.shape}",
            "this algorithm with these parameters cannot be exported; change them",
        )
    absolute = float(tolerance.get("absolute", 1e-4))
    relative = float(tolerance.get("relative", 1e-4))
    # NaN is never within a limit.
    difference = np.abs(exported - trained)
    wrong = ~(difference <= absolute + relative * np.abs(trained)).all(axis=1)
    if wrong.any():
        raise _failure(difference, wrong, picked, (absolute, relative), (trained, exported))
    return {
        "rows": len(trained),
        "maxAbsoluteDifference": float(difference.max()),
        "tolerance": {"absolute": absolute, "relative": relative},
    }


def _failure(
    difference: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    picked: NDArray[np.int64],
    tolerance: tuple[float, float],
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Exception:
    import numpy as np

    worst = np.where(np.isnan(difference), np.inf, difference).max(axis=1)
    worst = np.where(wrong, worst, -1)
    row = int(worst.argmax())
    if row < len(picked):
        where = f"row {int(picked[row]) + 1:,} of the test split"
    else:
        where = "a row of nulls and unknown categories"
    largest = "NaN" if np.isinf(worst[row]) else f"{worst[row]:.3g}"
    trained, exported = scores
    return config_error(
        "ParityFailed",
        f"the exported model differs from the trained one in {int(wrong.sum()):,} of "
        f"{len(wrong):,} rows, most in {where}: by {largest}, beyond the tolerance of "
        f"{tolerance[0]:g} + {tolerance[1]:g} × the score",
        "change the algorithm's parameters or the preprocessing; the model is not registered",
        row=int(picked[row]) + 1 if row < len(picked) else None,
        trained=[float(v) for v in trained[row]],
        exported=[float(v) for v in exported[row]],
    )
