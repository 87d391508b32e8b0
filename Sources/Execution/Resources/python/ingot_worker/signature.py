"""What a training program asks for, and the signature of the model that it makes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ingot_worker import algorithms, data, ondemand
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
    # What computes the features from a request; None: they are the request.
    front: ondemand.Front | None = None

    @property
    def inputs(self) -> dict[str, list[str]]:
        """The columns of each tensor of the model."""
        made = self.front
        if made is None:
            tensors = {"numeric": self.numeric, "categorical": self.categorical}
        else:
            tensors = {
                "numeric": made.numeric,
                "categorical": made.categorical,
                "integer": list(made.integer),
                "double": made.double,
            }
        return {name: columns for name, columns in tensors.items() if columns}


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
    front = ondemand.front(value, features)
    names: dict[str, list[str]] = {"numeric": [], "categorical": []}
    for feature in features:
        if front is not None and feature["type"] == "on-demand":
            continue
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
        front.numeric_features if front else names["numeric"],
        front.categorical_features if front else names["categorical"],
        {f["name"] for f in features if f.get("required") is False},
        preprocessing,
        algorithm,
        nullable=algorithm in algorithms.TAKES_NULLS or impute != "none",
        front=front,
    )


def make_signature(program: Program, classes: list[str], test: data.Rows) -> dict[str, Any]:
    """What signature.json tells those who serve the model."""
    inputs = [_input(program, name, columns) for name, columns in program.inputs.items()]
    output: dict[str, Any] = {"name": "prediction", "datatype": "FP32"}
    if classes:
        output = {"name": "probabilities", "datatype": "FP32", "classes": classes}
    return {
        "task": program.task,
        "label": program.label,
        "inputs": inputs,
        "outputs": [output],
        "sample": _sample(test.request or test),
    }


_DATATYPES = {"numeric": "FP32", "categorical": "BYTES", "integer": "INT64", "double": "FP64"}


def _input(program: Program, name: str, columns: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": name,
        "datatype": _DATATYPES[name],
        "columns": columns,
        "optional": [n for n in columns if n in program.optional],
    }
    made = program.front
    if name == "numeric":
        result["nullable"] = program.nullable
    elif name != "categorical" and made is not None:
        result["nullable"] = program.nullable or not made.may_be_null
    if name == "integer" and made is not None:
        result["kinds"] = [made.integer[column] for column in columns]
    return result


def _sample(rows: data.Rows) -> dict[str, Any]:
    """The first row, to warm an instance up with."""
    sample: dict[str, Any] = {}
    if rows.numeric is not None:
        values = [float(v) for v in rows.numeric[0]]
        sample["numeric"] = [[None if math.isnan(v) else v for v in values]]
    if rows.categorical:
        sample["categorical"] = [[str(column[0]) for column in rows.categorical]]
    if rows.integer is not None:
        integers = [int(v) for v in rows.integer[0]]
        sample["integer"] = [[None if v == data.NULL_INTEGER else v for v in integers]]
    if rows.double is not None:
        doubles = [float(v) for v in rows.double[0]]
        sample["double"] = [[v if math.isfinite(v) else None for v in doubles]]
    return sample
