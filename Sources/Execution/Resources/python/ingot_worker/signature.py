"""What a training program asks for, and the signature of the model that it makes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ingot_worker import algorithms, data
from ingot_worker.errors import config_error, did_you_mean

TASKS = ("binary-classification", "multiclass-classification", "regression")


@dataclass
class Program:
    """What is to be trained, checked as far as that goes without data."""

    task: str
    label: str
    numeric: list[str]
    categorical: list[str]
    # Features that a caller of the model may leave out.
    optional: set[str]
    preprocessing: dict[str, Any]
    algorithm: str
    # Whether nulls may reach the model.
    nullable: bool


def parse_program(value: dict[str, Any]) -> Program:
    """Raises a config error for what cannot work whatever the data."""
    task, features = value["task"], value["features"]
    algorithm = value["algorithm"]["name"]
    preprocessing = value.get("preprocessing") or {}
    if task not in TASKS:
        hint = did_you_mean(str(task), TASKS, known=True)
        raise config_error("UnknownTask", f"unknown task '{task}'", hint)
    algorithms.check(algorithm, task, preprocessing)
    if not features:
        raise config_error("NoFeatures", "the model has no features", "list some in spec.features")
    names: dict[str, list[str]] = {"numeric": [], "categorical": []}
    for feature in features:
        if feature["type"] not in names:
            raise config_error(
                "BadFeatureType",
                f"feature '{feature['name']}' has the unknown type '{feature['type']}'",
                did_you_mean(str(feature["type"]), names, known=True),
            )
        names[feature["type"]].append(feature["name"])
    impute = (preprocessing.get("numeric") or {}).get("impute", "none")
    return Program(
        task,
        value["label"],
        names["numeric"],
        names["categorical"],
        {f["name"] for f in features if f.get("required") is False},
        preprocessing,
        algorithm,
        nullable=algorithm in algorithms.TAKES_NULLS or impute != "none",
    )


def make_signature(program: Program, classes: list[str], test: data.Rows) -> dict[str, Any]:
    """What signature.json tells those who serve the model."""
    inputs: list[dict[str, Any]] = []
    if program.numeric:
        inputs.append(
            {
                "name": "numeric",
                "datatype": "FP32",
                "columns": program.numeric,
                "nullable": program.nullable,
                "optional": [n for n in program.numeric if n in program.optional],
            }
        )
    if program.categorical:
        inputs.append(
            {
                "name": "categorical",
                "datatype": "BYTES",
                "columns": program.categorical,
                "optional": [n for n in program.categorical if n in program.optional],
            }
        )
    output: dict[str, Any] = {"name": "prediction", "datatype": "FP32"}
    if classes:
        output = {"name": "probabilities", "datatype": "FP32", "classes": classes}
    return {
        "task": program.task,
        "label": program.label,
        "inputs": inputs,
        "outputs": [output],
        "sample": _sample(test),
    }


def _sample(rows: data.Rows) -> dict[str, Any]:
    """The first row, to warm an instance up with."""
    sample: dict[str, Any] = {}
    if rows.numeric is not None:
        values = [float(v) for v in rows.numeric[0]]
        sample["numeric"] = [[None if math.isnan(v) else v for v in values]]
    if rows.categorical:
        sample["categorical"] = [[str(column[0]) for column in rows.categorical]]
    return sample
