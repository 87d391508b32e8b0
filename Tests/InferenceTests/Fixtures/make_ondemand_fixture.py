"""Makes the model with on-demand features of the Inference tests, by the worker's own training,
with requests and what training's own pipeline and Python's ONNX Runtime answer to them.

    PYTHONPATH=Sources/Execution/Resources/python RUNTIME/bin/python make_ondemand_fixture.py
"""

import json
from pathlib import Path

import numpy as np
from ingot_worker import algorithms, export, parity, pipeline, signature
from ingot_worker.data import NULL_INTEGER, Rows

FOLDER = Path(__file__).parent
PROGRAM = {
    "task": "binary-classification",
    "label": "late",
    "features": [
        {"name": "distance", "type": "numeric", "required": True},
        {"name": "weekend", "type": "on-demand", "required": False},
        {"name": "weather__temp", "type": "numeric", "required": False},
        {"name": "part", "type": "on-demand", "required": False},
        {"name": "age", "type": "on-demand", "required": False},
    ],
    "onDemand": {
        "weekend": {"expression": "isodow(departure) >= 6"},
        "part": {"expression": "CASE WHEN hour(departure) < 12 THEN origin ELSE 'pm' END"},
        "age": {"expression": "date_diff('day', built, departure) + seats % 10 + big::INTEGER"},
    },
    "request": {
        "departure": "timestamp",
        "built": "date",
        "seats": "integer",
        "big": "boolean",
        "distance": "double",
        "origin": "string",
    },
    "preprocessing": {},
    "algorithm": {"name": "lightgbm", "parameters": {"n_estimators": 8, "num_leaves": 7}},
}


def main() -> None:
    random = np.random.default_rng(1)
    rows = 400
    day = 86_400_000_000
    departure = random.integers(-3_000, 16_000, rows) * day + random.integers(0, day, rows)
    built = random.integers(-8_000, 10_000, rows) * day
    # By name, as the front has them: big, built, departure, seats.
    integer = np.stack([np.arange(rows) % 2, built, departure, random.integers(0, 300, rows)], 1)
    integer[random.random(integer.shape) < 0.1] = NULL_INTEGER
    request = Rows(
        random.normal(size=(rows, 1)).astype(np.float32),
        [random.choice(np.array(["EWR", "JFK", ""], dtype=object), rows)],
        random.random(rows) < 0.5,
        integer,
        random.random((rows, 1)) * 1000 / 3,
    )
    program = signature.parse_program(PROGRAM)
    front = program.front
    assert front is not None and list(front.integer) == ["big", "built", "departure", "seats"]
    features = front.compute(request)
    target = (np.nan_to_num(features.numeric[:, 2]) + random.random(rows) > 0.8).astype(np.int64)
    names = (program.numeric, program.categorical)
    prepared = pipeline.fit({}, features.numeric, features.categorical, names)
    matrix = prepared.transform(features.numeric, features.categorical)
    estimator = algorithms.build(
        "lightgbm", program.task, PROGRAM["algorithm"]["parameters"], 17, 1
    )
    estimator.fit(matrix, target)
    model = export.export(prepared, estimator, "lightgbm", 2, front)
    parity.check(model, prepared, estimator, features, {}, True, front)
    answers = parity.score(parity.session(model), features)
    (FOLDER / "ondemand.onnx").write_bytes(model)
    told = signature.make_signature(program, ["false", "true"], features)
    (FOLDER / "ondemand.signature.json").write_text(json.dumps(told) + "\n")
    shown = slice(0, 40)
    expected = {
        "inputs": inputs(request, shown),
        "bits": [int(v) for v in answers[shown].ravel().view(np.uint32)],
        "trained": [float(v) for v in estimator.predict_proba(matrix)[shown].ravel()],
    }
    (FOLDER / "ondemand.expected.json").write_text(json.dumps(expected) + "\n")


def inputs(rows: Rows, part: slice) -> list[dict]:
    """The columns of a request; times as texts."""
    count = part.stop - part.start

    def column(name: str, datatype: str, data: list) -> dict:
        return {"name": name, "shape": [count], "datatype": datatype, "data": data}

    def text(value: int, unit: str) -> str:
        return str(np.datetime_as_string(np.datetime64(value, "us"), unit=unit))

    wide = [
        [None if v == NULL_INTEGER else int(v) for v in rows.integer[part, i]] for i in range(4)
    ]
    return [
        column("weather__temp", "FP32", [float(v) for v in rows.numeric[part, 0]]),
        column("origin", "BYTES", [str(v) for v in rows.categorical[0][part]]),
        column("departure", "BYTES", [v if v is None else text(v, "us") + "Z" for v in wide[2]]),
        column("built", "BYTES", [v if v is None else text(v, "D") for v in wide[1]]),
        column("seats", "INT32", wide[3]),
        column("big", "BOOL", [v if v is None else bool(v) for v in wide[0]]),
        column("distance", "FP64", [float(v) for v in rows.double[part, 0]]),
    ]


if __name__ == "__main__":
    main()
