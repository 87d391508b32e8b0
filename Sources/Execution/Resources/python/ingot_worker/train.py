"""Training: fit, export, check parity, describe."""

from __future__ import annotations

import time
from typing import Any

from ingot_worker import algorithms, data, export, parity, pipeline, sql
from ingot_worker.errors import StepError, config_error, data_error, did_you_mean, out_of_memory
from ingot_worker.protocol import Events, Request, write_json


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


def _classes(rows: data.Rows, task: str, label: str) -> list[str]:
    import numpy as np

    values = np.unique(rows.label).tolist()
    if len(values) < 2:
        raise data_error(
            "OneClassLabel",
            f"label '{label}' has only one class ({data.class_name(values[0])}) in the "
            f"{len(rows):,} training rows",
            "check the label's SQL and the time of the split",
        )
    if task == "binary-classification" and len(values) > 2:
        shown = ", ".join(data.class_name(v) for v in values[:5])
        raise data_error(
            "TooManyClasses",
            f"label '{label}' has {len(values):,} classes ({shown}"
            f"{', …' if len(values) > 5 else ''}) in the {len(rows):,} training rows, "
            "but the task is binary-classification",
            "use the task multiclass-classification or regression",
        )
    return [data.class_name(v) for v in values]


def _check_labels(rows: data.Rows, label: str) -> None:
    import numpy as np

    bad = int((~np.isfinite(rows.label.astype(np.float64))).sum())
    if bad:
        raise data_error(
            "LabelNotFinite", f"label '{label}' is NaN or infinite in {bad:,} of {len(rows):,} rows"
        )


def _check_nulls(algorithm: str, names: list[str], splits: dict[str, data.Rows]) -> None:
    import numpy as np

    for split, rows in splits.items():
        if rows.numeric is None:
            continue
        nulls = np.isnan(rows.numeric).sum(axis=0)
        if nulls.any():
            worst = int(np.argmax(nulls))
            raise config_error(
                "NullFeatures",
                f"{algorithm} takes no nulls, but {int((nulls > 0).sum())} numeric features have "
                f"some: '{names[worst]}' is null in {int(nulls[worst]):,} of {len(rows):,} "
                f"{split} rows",
                "set the numeric impute to median, mean or zero",
            )


def _infinite(names: list[str], splits: dict[str, data.Rows]) -> None:
    import numpy as np

    for split, rows in splits.items():
        if rows.numeric is None:
            continue
        bad = np.isinf(rows.numeric).sum(axis=0)
        if bad.any():
            worst = int(np.argmax(bad))
            raise data_error(
                "InfiniteFeature",
                f"feature '{names[worst]}' is infinite in {int(bad[worst]):,} of {len(rows):,} "
                f"{split} rows",
                "guard divisions in the feature's SQL, for example with nullif",
            )


def _fit(
    estimator: Any, algorithm: str, matrix: Any, target: Any, threads: int, events: Events
) -> None:
    from threadpoolctl import threadpool_limits

    extra: dict[str, Any] = {}
    if algorithm == "lightgbm":
        last = [time.perf_counter()]

        def tell(environment: Any) -> None:
            if time.perf_counter() - last[0] > 0.5:
                last[0] = time.perf_counter()
                done = environment.iteration + 1
                share = done / max(environment.end_iteration, 1)
                events.progress(0.2 + 0.5 * share, f"tree {done} of {environment.end_iteration}")

        extra["callbacks"] = [tell]
    try:
        with threadpool_limits(threads):
            estimator.fit(matrix, target, **extra)
    except (MemoryError, OSError, StepError):
        raise
    except Exception as error:
        if "bad_alloc" in str(error) or "memory" in str(error).lower():
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


def _versions(algorithm: str) -> dict[str, str]:
    from importlib.metadata import version

    names = ["numpy", "onnx", "onnxruntime", "scikit-learn"]
    if algorithm in ("lightgbm", "xgboost"):
        names.append("onnxmltools")
    else:
        names.append("skl2onnx")
    result = {name: version(name) for name in names}
    if algorithm == "lightgbm":
        result["lightgbm"] = version("lightgbm")
    if algorithm == "xgboost":
        result["xgboost"] = version("xgboost-cpu")
    return result


def _sample(rows: data.Rows, numeric: list[str], categorical: list[str]) -> dict[str, Any]:
    import math

    sample: dict[str, Any] = {}
    if numeric and rows.numeric is not None:
        values = [float(v) for v in rows.numeric[0]]
        sample["numeric"] = [[None if math.isnan(v) else v for v in values]]
    if categorical:
        sample["categorical"] = [[str(c[0]) for c in rows.categorical]]
    return sample


def run(request: Request, events: Events) -> None:
    """The kind train."""
    import pyarrow

    clock = Clock()
    program = request.program
    task, label, features = program["task"], program["label"], program["features"]
    algorithm = program["algorithm"]["name"]
    parameters = program["algorithm"].get("parameters") or {}
    preparation = program.get("preprocessing") or {}
    if task not in data.TASKS:
        hint = did_you_mean(task, data.TASKS) or "known: " + ", ".join(data.TASKS)
        raise config_error("UnknownTask", f"unknown task '{task}'", hint)
    algorithms.check(algorithm, task, preparation)
    estimator = algorithms.build(algorithm, task, parameters, request.seed, request.threads)
    for feature in features:
        if feature["type"] not in ("numeric", "categorical"):
            raise config_error(
                "BadFeatureType",
                f"feature '{feature['name']}' has the unknown type '{feature['type']}'",
                "known: numeric, categorical",
            )
    if not features:
        raise config_error("NoFeatures", "the model has no features")
    numeric = [f["name"] for f in features if f["type"] == "numeric"]
    categorical = [f["name"] for f in features if f["type"] == "categorical"]
    optional = {f["name"] for f in features if f.get("required") is False}

    events.progress(0.0, "reading the training set")
    pyarrow.set_cpu_count(request.threads)
    names = ("train", "validation", "test")
    path = request.input("training-set", "data.parquet")
    splits = data.load(path, label, numeric, categorical, names)
    for name in ("train", "test"):
        if not len(splits[name]):
            raise data_error(
                "SplitEmpty",
                f"the {name} split of the training set has no rows",
                "check the times of the split against the times of the rows",
            )
    train = splits["train"]
    classes: list[str] = []
    target: Any
    if task == "regression":
        import numpy as np

        if train.label.dtype == object or train.label.dtype.kind not in "fiub":
            raise config_error("BadLabelType", f"label '{label}' is not a number")
        _check_labels(train, label)
        target = train.label.astype(np.float64)
    else:
        classes = _classes(train, task, label)
        target = data.encode_label(train.label, classes, label)
    impute = (preparation.get("numeric") or {}).get("impute", "none")
    nullable = algorithm in algorithms.TAKES_NULLS or impute != "none"
    _infinite(numeric, splits)
    if not nullable:
        _check_nulls(algorithm, numeric, splits)
    clock.lap("read")

    events.progress(0.1, "preparing")
    prepared = pipeline.fit(preparation, train.numeric, train.categorical, (numeric, categorical))
    if not prepared.origins:
        raise data_error("NoFeatures", "no feature has more than nothing to learn from")
    matrix = prepared.transform(train.numeric, train.categorical)
    clock.lap("prepare")

    events.progress(0.2, "training")
    _fit(estimator, algorithm, matrix, target, request.threads, events)
    del matrix
    clock.lap("fit")

    events.progress(0.7, "exporting")
    model = export.export(prepared, estimator, algorithm, len(classes))
    with open(request.out("model.onnx"), "wb") as file:
        file.write(model)
    clock.lap("export")

    events.progress(0.8, "checking parity")
    test = splits["test"]
    checked = parity.check(
        model,
        prepared,
        estimator,
        (test.numeric, test.categorical),
        len(classes),
        program.get("parity") or {},
        request.threads,
        nullable,
    )
    clock.lap("parity")

    inputs: list[dict[str, Any]] = []
    if numeric:
        inputs.append(
            {
                "name": "numeric",
                "datatype": "FP32",
                "columns": numeric,
                "nullable": nullable,
                "optional": [n for n in numeric if n in optional],
            }
        )
    if categorical:
        inputs.append(
            {
                "name": "categorical",
                "datatype": "BYTES",
                "columns": categorical,
                "optional": [n for n in categorical if n in optional],
            }
        )
    output: dict[str, Any] = {"name": "prediction", "datatype": "FP32"}
    if classes:
        output = {"name": "probabilities", "datatype": "FP32", "classes": classes}
    write_json(
        request.out("signature.json"),
        {
            "task": task,
            "label": label,
            "inputs": inputs,
            "outputs": [output],
            "sample": _sample(test, numeric, categorical),
        },
    )
    rows = {name: len(splits[name]) for name in names}
    training: dict[str, Any] = {"rows": rows, "parity": checked, "versions": _versions(algorithm)}
    ranking = algorithms.importance(estimator, algorithm, prepared.origins)
    if ranking is not None:
        training["featureImportance"] = ranking
    write_json(request.out("training.json"), training)
    events.result(
        {"rows": rows, "parity": checked, "model_bytes": len(model), "seconds": clock.seconds}
    )
