"""Makes the tiny models of the Inference and Serving tests, with the answers that ONNX Runtime's
Python gives, so that the Swift answers can be compared bit by bit.

    ORT_DISABLE_TELEMETRY=1 /opt/ingot-rt/bin/python make_fixtures.py       writes beside itself
    ORT_DISABLE_TELEMETRY=1 /opt/ingot-rt/bin/python make_fixtures.py --big DIR  a model of the
        flights pipeline's size (38 numeric and 5 categorical columns, 200 trees), for benchmarks
"""

import json
import os
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnx
import onnxruntime as ort
from lightgbm import LGBMClassifier, LGBMRegressor
from onnx import TensorProto, helper
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

update_registered_converter(
    LGBMClassifier,
    "LightGbmLGBMClassifier",
    calculate_linear_classifier_output_shapes,
    convert_lightgbm,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
)
update_registered_converter(
    LGBMRegressor,
    "LightGbmLGBMRegressor",
    calculate_linear_regressor_output_shapes,
    convert_lightgbm,
    options={"split": None},
)


def pipeline(numeric, categorical, model):
    return Pipeline(
        [
            (
                "columns",
                ColumnTransformer(
                    [
                        (
                            "numeric",
                            StandardScaler(with_mean=False, with_std=False),
                            list(range(numeric)),
                        ),
                        (
                            "categorical",
                            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                            list(range(numeric, numeric + categorical)),
                        ),
                    ],
                    sparse_threshold=0,
                ),
            ),
            ("model", model),
        ]
    )


def export(fitted, numeric, categorical, classification):
    inputs = [
        ("numeric", FloatTensorType([None, numeric])),
        ("categorical", StringTensorType([None, categorical])),
    ]
    model = convert_sklearn(
        fitted,
        initial_types=inputs,
        options={id(fitted.steps[-1][1]): {"zipmap": False}} if classification else None,
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    graph = model.graph
    wanted = "probabilities" if classification else "prediction"
    produced = graph.output[-1].name
    for node in graph.node:
        for index, name in enumerate(node.output):
            if name == produced:
                node.output[index] = wanted
        for index, name in enumerate(node.input):
            if name == produced:
                node.input[index] = wanted
    graph.output[-1].name = wanted
    while len(graph.output) > 1:
        del graph.output[0]
    return model


def data(rows, numeric, categorical, seed):
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, numeric)).astype(np.float32)
    numbers[random.random(size=numbers.shape) < 0.05] = np.nan
    words = random.choice(["", "JFK", "Zürich", "東京", "LGA"], size=(rows, categorical)).astype(
        object
    )
    return numbers, words


def save(directory, name, model, task, classes, numbers, words):
    content = model.SerializeToString(deterministic=True)
    (directory / f"{name}.onnx").write_bytes(content)
    outputs = (
        [{"name": "prediction", "datatype": "FP32"}]
        if classes is None
        else [{"name": "probabilities", "datatype": "FP32", "classes": classes}]
    )

    def nulls(row):
        return [None if np.isnan(x) else float(x) for x in row]

    signature = {
        "task": task,
        "label": "late",
        "inputs": [
            {
                "name": "numeric",
                "datatype": "FP32",
                "columns": [f"n{i}" for i in range(numbers.shape[1])],
            },
            {
                "name": "categorical",
                "datatype": "BYTES",
                "columns": [f"c{i}" for i in range(words.shape[1])],
            },
        ],
        "outputs": outputs,
        "sample": {"numeric": [nulls(numbers[0])], "categorical": [list(words[0])]},
    }
    (directory / f"{name}.signature.json").write_text(json.dumps(signature, ensure_ascii=False))
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    answer = session.run(None, {"numeric": numbers, "categorical": words})[0]
    (directory / f"{name}.expected.json").write_text(
        json.dumps(
            {
                "numeric": [nulls(row) for row in numbers],
                "categorical": [list(row) for row in words],
                "bits": [int(x) for x in answer.astype(np.float32).view(np.uint32).ravel()],
            },
            ensure_ascii=False,
        )
    )


def train(name, directory, task, numeric, categorical, rows, model, out_rows=16):
    numbers, words = data(rows, numeric, categorical, 1)
    clean = np.nan_to_num(numbers)
    score = clean[:, 0] + clean[:, 1] * (words[:, 0] == "JFK") - 0.3
    if task == "binary-classification":
        label, classes = score > 0, ["false", "true"]
    elif task == "multiclass-classification":
        label, classes = np.digitize(score, [-0.5, 0.5]), ["early", "on time", "late"]
    else:
        label, classes = score * 10, None
    tree = type(model).__module__.startswith("lightgbm")
    table = np.empty((rows, numeric + categorical), dtype=object)
    table[:, :numeric] = numbers if tree else clean
    table[:, numeric:] = words
    fitted = pipeline(numeric, categorical, model).fit(table, label)
    numbers, words = data(out_rows, numeric, categorical, 2)
    if not tree:
        numbers = np.nan_to_num(numbers)
    save(
        directory,
        name,
        export(fitted, numeric, categorical, classes is not None),
        task,
        classes,
        numbers,
        words,
    )


def hostile(directory):
    """Models that must be refused when they are read."""

    def value(name, kind=TensorProto.FLOAT, shape=(None, 2)):
        return helper.make_tensor_value_info(name, kind, list(shape))

    def write(name, model):
        (directory / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))

    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    identity = helper.make_node("Identity", ["numeric"], ["probabilities"])
    graph = helper.make_graph([identity], "g", [value("numeric")], [value("probabilities")])

    custom = helper.make_model(
        graph, opset_imports=[*opsets, helper.make_opsetid("com.evil", 1)], ir_version=8
    )
    write("custom-domain", custom)

    function = helper.make_function(
        "local", "F", ["x"], ["y"], [helper.make_node("Identity", ["x"], ["y"])], opsets[:1]
    )
    write(
        "functions",
        helper.make_model(graph, opset_imports=opsets, functions=[function], ir_version=8),
    )

    weights = onnx.TensorProto()
    weights.name, weights.data_type = "w", TensorProto.FLOAT
    weights.dims.extend([2])
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    add = helper.make_node("Add", ["numeric", "w"], ["probabilities"])
    write(
        "external-data",
        helper.make_model(
            helper.make_graph([add], "g", [value("numeric")], [value("probabilities")], [weights]),
            opset_imports=opsets,
            ir_version=8,
        ),
    )

    zipmap = helper.make_node(
        "ZipMap", ["numeric"], ["probabilities"], domain="ai.onnx.ml", classlabels_int64s=[0, 1]
    )
    sequence = helper.make_value_info(
        "probabilities",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(
                TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
            )
        ),
    )
    write(
        "zipmap",
        helper.make_model(
            helper.make_graph([zipmap], "g", [value("numeric")], [sequence]),
            opset_imports=opsets,
            ir_version=8,
        ),
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--big"]:
        target = Path(sys.argv[2])
        target.mkdir(parents=True, exist_ok=True)
        train(
            "big",
            target,
            "binary-classification",
            38,
            5,
            20000,
            LGBMClassifier(n_estimators=200, num_leaves=31, n_jobs=1, verbose=-1, random_state=17),
            100,
        )
    else:
        here = Path(__file__).parent
        quiet = {"n_jobs": 1, "verbose": -1, "random_state": 17}
        train(
            "binary",
            here,
            "binary-classification",
            4,
            2,
            500,
            LGBMClassifier(n_estimators=8, num_leaves=7, **quiet),
        )
        train(
            "multiclass",
            here,
            "multiclass-classification",
            3,
            1,
            500,
            LogisticRegression(max_iter=500),
        )
        train("regression", here, "regression", 3, 1, 500, Ridge())
        hostile(here)
