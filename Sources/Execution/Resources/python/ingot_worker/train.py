"""Training: read, fit, export, check parity, describe."""

from __future__ import annotations

import time
from typing import Any

from ingot_worker import algorithms, data, export, labels, parity, pipeline, sql
from ingot_worker.errors import config_error, data_error, out_of_memory, translate
from ingot_worker.feature_checks import check_infinite, check_nulls
from ingot_worker.protocol import Events, Request, write_bytes, write_json
from ingot_worker.signature import Program, make_signature, parse_program

_PROGRESS_SECONDS = 0.5


def warm() -> None:
    """Imports for the warm parent."""
    sql.warm()
    algorithms.warm()
    export.warm()
    parity.warm()


class Clock:
    """Seconds per phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the phase `name`."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._last, 3)
        self._last = now


def run(request: Request, events: Events) -> None:
    """The kind train."""
    import pyarrow

    clock = Clock()
    program = parse_program(request.program)
    parameters = request.program["algorithm"].get("parameters") or {}
    estimator = algorithms.build(
        program.algorithm, program.task, parameters, request.seed, request.threads
    )
    events.progress(0.0, "reading the training set")
    pyarrow.set_cpu_count(request.threads)
    splits = _read(request, program)
    classes, target = _target(splits["train"], program)
    clock.lap("read")

    events.progress(0.1, "preparing")
    train = splits["train"]
    names = (program.numeric, program.categorical)
    prepared = pipeline.fit(program.preprocessing, train.numeric, train.categorical, names)
    matrix = prepared.transform(train.numeric, train.categorical)
    clock.lap("prepare")

    events.progress(0.2, "training")
    _fit(estimator, program.algorithm, matrix, target, request.threads, events)
    del matrix
    clock.lap("fit")

    events.progress(0.8, "exporting")
    model = export.export(prepared, estimator, program.algorithm, len(classes), program.front)
    write_bytes(request.out("model.onnx"), model)
    clock.lap("export")

    events.progress(0.9, "checking parity")
    tolerance = request.program.get("parity") or {}
    checked = parity.check(
        model, prepared, estimator, splits["test"], tolerance, program.nullable, program.front
    )
    clock.lap("parity")

    rows = {name: len(splits[name]) for name in data.SPLITS}
    signature = make_signature(program, classes, splits["test"])
    write_json(request.out("signature.json"), signature)
    training: dict[str, Any] = {
        "rows": rows,
        "parity": checked,
        "versions": _versions(program.algorithm),
    }
    ranking = algorithms.importance(estimator, program.algorithm, prepared.origins)
    if ranking is not None:
        training["featureImportance"] = ranking
    write_json(request.out("training.json"), training)
    events.result(
        {"rows": rows, "parity": checked, "model_bytes": len(model), "seconds": clock.seconds}
    )


def _read(request: Request, program: Program) -> dict[str, data.Rows]:
    """All splits, checked for what the estimator could not learn from."""
    inputs = program.inputs
    splits = data.load(
        request.input("training-set", "data.parquet"),
        program.label,
        inputs.get("numeric", []),
        inputs.get("categorical", []),
        data.SPLITS,
        inputs.get("integer", []),
        inputs.get("double", []),
    )
    for name in ("train", "test"):
        if not len(splits[name]):
            raise data_error(
                "SplitEmpty",
                f"the {name} split of the training set has no rows",
                "check the times of the split against the times of the rows",
            )
    if program.front is not None:
        splits = {name: program.front.compute(rows) for name, rows in splits.items()}
    check_infinite(program.numeric, splits)
    if not program.nullable:
        check_nulls(program.algorithm, program.numeric, splits)
    return splits


def _target(rows: data.Rows, program: Program) -> tuple[list[str], Any]:
    """The names of the classes (none for a regression) and what to fit."""
    if program.task == "regression":
        return [], labels.numbers(rows, program.label)
    classes = labels.classes(rows, program.task, program.label)
    return classes, labels.encode(rows.label, classes, program.label)


def _fit(
    estimator: Any, algorithm: str, matrix: Any, target: Any, threads: int, events: Events
) -> None:
    """Fit on the dense matrix; what the library refuses is a config error."""
    from threadpoolctl import threadpool_limits

    extra: dict[str, Any] = {}
    if algorithm == "lightgbm":
        extra["callbacks"] = [_tell_progress(events)]
    try:
        with threadpool_limits(threads):
            estimator.fit(matrix, target, **extra)
    except Exception as error:
        known = translate(error)
        if known.kind != "internal":
            raise known from error
        if "memory" in str(error).lower():
            raise out_of_memory(str(error)) from error
        module = type(error).__module__
        if isinstance(error, (ValueError, TypeError)) or module.startswith(("lightgbm", "xgboost")):
            first = str(error).strip().split("\n")[0]
            raise config_error(
                "TrainingFailed",
                f"{algorithm} refuses: {first}",
                "check the algorithm's parameters",
            ) from error
        raise


def _tell_progress(events: Events) -> Any:
    """A LightGBM callback that tells now and then how many trees there are."""
    last = [time.perf_counter()]

    def tell(environment: Any) -> None:
        if time.perf_counter() - last[0] > _PROGRESS_SECONDS:
            last[0] = time.perf_counter()
            done, total = environment.iteration + 1, max(environment.end_iteration, 1)
            events.progress(0.2 + 0.6 * done / total, f"tree {done} of {total}")

    return tell


def _versions(algorithm: str) -> dict[str, str]:
    """The libraries that shaped the model."""
    from importlib.metadata import version

    names = ["numpy", "onnx", "onnxruntime", "scikit-learn"]
    boosted = {"lightgbm": "lightgbm", "xgboost": "xgboost-cpu"}.get(algorithm)
    names += ["onnxmltools", boosted] if boosted else ["skl2onnx"]
    return {name.removesuffix("-cpu"): version(name) for name in names}
