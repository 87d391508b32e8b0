"""Training: every algorithm and task, and what cannot be trained, with the whole message."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any

from support import Worker, WorkerCase, program, training_set

BINARY, MULTICLASS, REGRESSION = TASKS = (
    "binary-classification",
    "multiclass-classification",
    "regression",
)
TREES = ("lightgbm", "xgboost", "random-forest", "hist-gradient-boosting")
ALL = (*TREES, "logistic-regression", "ridge")
FILES = ["model.onnx", "signature.json", "training.json"]


def tasks(algorithm: str) -> tuple[str, ...]:
    if algorithm == "ridge":
        return (REGRESSION,)
    return (BINARY, MULTICLASS) if algorithm == "logistic-regression" else TASKS


class TrainCase(WorkerCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.path = os.path.join(cls.worker.directory, "data.parquet")
        training_set(cls.path)
        cls.inputs = {"training-set": {"data.parquet": cls.path}}


class AlgorithmTests(TrainCase):
    def trained(self, body: dict[str, Any], **more: Any) -> str:
        output, result = self.worker.run("train", body, self.inputs, **more)
        self.assertIn("parity", result, result)
        self.assertEqual(sorted(os.listdir(output)), FILES)
        self.assertLess(result["parity"]["maxAbsoluteDifference"], 2e-5)
        self.assertEqual(result["model_bytes"], len(self.read(output, "model.onnx")))
        return output

    def test_every_algorithm_and_task_in_two_workers_gives_the_same_bytes(self) -> None:
        second = Worker()
        self.addCleanup(second.close)
        for algorithm in ALL:
            for task in tasks(algorithm):
                with self.subTest(algorithm=algorithm, task=task):
                    body = program(algorithm, task)
                    output = self.trained(body)
                    again, _ = second.run("train", body, self.inputs)
                    for name in FILES:
                        self.assertEqual(self.read(output, name), self.read(again, name), name)
                    self.check_graph(output, task)

    def check_graph(self, output: str, task: str) -> None:
        import onnx

        model = onnx.load(os.path.join(output, "model.onnx"))
        self.assertEqual([i.name for i in model.graph.input], ["numeric", "categorical"])
        sizes = [i.type.tensor_type.shape.dim[1].dim_value for i in model.graph.input]
        self.assertEqual(sizes, [6, 2])
        name, width = {
            BINARY: ("probabilities", 2),
            MULTICLASS: ("probabilities", 3),
            REGRESSION: ("prediction", 1),
        }[task]
        shapes = [(o.name, o.type.tensor_type.shape.dim[1].dim_value) for o in model.graph.output]
        self.assertEqual(shapes, [(name, width)])
        opsets = {o.domain: o.version for o in model.opset_import}
        self.assertEqual(opsets, {"": 17, "ai.onnx.ml": 3})
        self.assertNotIn("ZipMap", [node.op_type for node in model.graph.node])
        self.assertEqual({node.doc_string for node in model.graph.node}, {""})

    def test_ordinal_encoding(self) -> None:
        for algorithm in ALL:
            body = program(algorithm, tasks(algorithm)[0])
            body["preprocessing"]["categorical"] = {"encode": "ordinal", "minFrequency": 20}
            with self.subTest(algorithm):
                self.trained(body)

    def test_every_imputation(self) -> None:
        for impute in ("median", "mean", "zero"):
            for algorithm in ("random-forest", "ridge", "lightgbm"):
                body = program(algorithm, REGRESSION)
                body["preprocessing"]["numeric"]["impute"] = impute
                with self.subTest(impute=impute, algorithm=algorithm):
                    self.trained(body)

    def test_only_numeric_or_only_categorical_features(self) -> None:
        for kind in ("numeric", "categorical"):
            for algorithm in ALL:
                body = program(algorithm, tasks(algorithm)[0])
                body["features"] = [f for f in body["features"] if f["type"] == kind]
                with self.subTest(kind=kind, algorithm=algorithm):
                    output = self.trained(body)
                    signature = json.loads(self.read(output, "signature.json"))
                    self.assertEqual([i["name"] for i in signature["inputs"]], [kind])
                    self.assertEqual(list(signature["sample"]), [kind])

    def test_two_threads_and_one_gibibyte(self) -> None:
        for algorithm in TREES:
            with self.subTest(algorithm):
                self.trained(program(algorithm, BINARY), threads=2, memory_bytes=1 << 30)

    def test_signature_and_training_record(self) -> None:
        output = self.trained(program("lightgbm", MULTICLASS, label="count"))
        signature = json.loads(self.read(output, "signature.json"))
        sample = signature.pop("sample")
        self.assertEqual([len(sample["numeric"][0]), len(sample["categorical"][0])], [6, 2])
        self.assertEqual(
            signature,
            {
                "task": MULTICLASS,
                "label": "count",
                "inputs": [
                    {
                        "name": "numeric",
                        "datatype": "FP32",
                        "columns": ["x0", "x1", "x2", "x3", "x4", "x5"],
                        "nullable": True,
                        "optional": ["x1"],
                    },
                    {
                        "name": "categorical",
                        "datatype": "BYTES",
                        "columns": ["c1", "c2"],
                        "optional": ["c1"],
                    },
                ],
                "outputs": [
                    {
                        "name": "probabilities",
                        "datatype": "FP32",
                        "classes": ["2", "10", "30"],
                    }
                ],
            },
        )
        training = json.loads(self.read(output, "training.json"))
        self.assertEqual(training["rows"], {"train": 1729, "validation": 622, "test": 649})
        self.assertEqual(training["parity"]["rows"], 650)
        self.assertEqual(training["parity"]["tolerance"], {"absolute": 1e-4, "relative": 1e-4})
        self.assertEqual(
            sorted(training["versions"]),
            ["lightgbm", "numpy", "onnx", "onnxmltools", "onnxruntime", "scikit-learn"],
        )
        self.assertEqual(training["featureImportance"][0]["name"], "x0")
        self.assertEqual(len(training["featureImportance"]), 8)

    def test_classes_of_booleans_and_texts(self) -> None:
        for task, label, classes in (
            (BINARY, "late", ["false", "true"]),
            (MULTICLASS, "grade", ["a", "b", "c"]),
        ):
            output = self.trained(program("lightgbm", task, label=label))
            signature = json.loads(self.read(output, "signature.json"))
            self.assertEqual(signature["outputs"][0]["classes"], classes)

    def test_progress_rises(self) -> None:
        events = self.worker.send(
            self.worker.request("train", program("xgboost", BINARY), self.inputs)
        )
        fractions = [e["fraction"] for e in events if e["event"] == "progress"]
        self.assertEqual(fractions, [0.0, 0.1, 0.2, 0.8, 0.9])
        self.assertEqual([e["event"] for e in events][-2:], ["result", "exit"])


class RefusalTests(TrainCase):
    def fails(
        self, body: object, kind: str, code: str, message: str, hint: str, **more: Any
    ) -> None:
        _, error = self.worker.run("train", body, more.get("inputs", self.inputs))
        self.assertEqual(
            (error.get("class"), error.get("code"), error.get("message"), error.get("hint")),
            (kind, code, message, hint),
        )

    def test_labels(self) -> None:
        self.fails(
            program("lightgbm", BINARY, label="one"),
            "data",
            "OneClassLabel",
            "label 'one' has only one class (false) in the 1,729 training rows",
            "check the label's expression and the times of the split",
        )
        self.fails(
            program("lightgbm", BINARY, label="gaps"),
            "data",
            "LabelNull",
            "label 'gaps' is null in 237 of the 1,729 training rows",
            "filter rows without a label out of the training set",
        )
        self.fails(
            program("lightgbm", BINARY, label="grade"),
            "data",
            "TooManyClasses",
            "label 'grade' has 3 classes (a, b, c) in the 1,729 training rows, "
            "but the task is binary-classification",
            "use the task multiclass-classification or regression",
        )
        self.fails(
            program("lightgbm", MULTICLASS, label="minutes"),
            "config",
            "BadLabelType",
            "label 'minutes' is of type float64, but the task is multiclass-classification",
            "make it a boolean, an integer or a text, or use the task regression",
        )
        self.fails(
            program("lightgbm", REGRESSION, label="grade"),
            "config",
            "BadLabelType",
            "label 'grade' is not a number, but the task is regression",
            "cast it to DOUBLE in the label's expression, or use a classification task",
        )
        self.fails(
            program("lightgbm", BINARY, label="latte"),
            "data",
            "ColumnMissing",
            "the training set has no column 'latte'; it has: x0, x1, x2, x3, x4, x5, c1, c2, "
            "late, grade, minutes, one, count, gaps, __split",
            "did you mean 'late'?",
        )

    def test_splits_without_rows(self) -> None:
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        table = pq.read_table(self.path)
        for split in ("train", "test"):
            path = os.path.join(self.worker.directory, "part.parquet")
            pq.write_table(table.filter(pc.not_equal(table["__split"], split)), path)
            self.fails(
                program("lightgbm", BINARY),
                "data",
                "SplitEmpty",
                f"the {split} split of the training set has no rows",
                "check the times of the split against the times of the rows",
                inputs={"training-set": {"data.parquet": path}},
            )

    def test_infinite_feature(self) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(self.path)
        values = np.zeros(table.num_rows, dtype=np.float32)
        values[:3] = np.inf
        table = table.set_column(1, "x1", pa.array(values))
        table = table.set_column(
            table.schema.get_field_index("__split"),
            "__split",
            pa.array(["train"] * (table.num_rows - 1) + ["test"]),
        )
        path = os.path.join(self.worker.directory, "infinite.parquet")
        pq.write_table(table, path)
        self.fails(
            program("ridge", REGRESSION),
            "data",
            "InfiniteFeature",
            "feature 'x1' is infinite in 3 of 2,999 train rows",
            "guard divisions in the feature's SQL, for example with nullif",
            inputs={"training-set": {"data.parquet": path}},
        )

    def test_parameters(self) -> None:
        body = program("lightgbm", BINARY)
        body["algorithm"]["parameters"] = {"num_leafs": 3}
        self.fails(
            body,
            "config",
            "UnknownParameter",
            "lightgbm has no parameter 'num_leafs'",
            "did you mean 'num_leaves' or 'num_iterations'?",
        )
        body["algorithm"]["parameters"] = {"n_jobs": 3}
        self.fails(
            body,
            "config",
            "UnknownParameter",
            "lightgbm: 'n_jobs' is not a parameter of the manifest",
            "Ingot sets it itself, from seed and resources",
        )
        body = program("random-forest", BINARY)
        body["algorithm"]["parameters"] = {"max_depth": -1}
        self.fails(
            body,
            "config",
            "TrainingFailed",
            "random-forest refuses: The 'max_depth' parameter of RandomForestClassifier must be "
            "an int in the range [1, inf) or None. Got -1 instead.",
            "check the algorithm's parameters",
        )
        self.fails(
            program("lightgmb", BINARY),
            "config",
            "UnknownAlgorithm",
            "unknown algorithm 'lightgmb'",
            "did you mean 'lightgbm'?",
        )

    def test_preprocessing_that_cannot_be(self) -> None:
        for algorithm in TREES:
            body = program(algorithm, BINARY)
            body["preprocessing"]["numeric"]["scale"] = "standard"
            self.fails(
                body,
                "config",
                "ScaledTrees",
                f"scale: standard cannot be used with {algorithm}: trees gain nothing from "
                "scaling, and its rounding would change scores at split values",
                "set preprocessing.numeric.scale to none",
            )
        for algorithm, task in (("random-forest", BINARY), ("ridge", REGRESSION)):
            body = program(algorithm, task)
            body["preprocessing"]["numeric"]["impute"] = "none"
            self.fails(
                body,
                "config",
                "NullFeatures",
                f"{algorithm} takes no nulls, but 6 numeric features have some: "
                "'x2' is null in 103 of 1,729 train rows",
                "set preprocessing.numeric.impute to median, mean or zero",
            )

    def test_random_forest_without_nulls_needs_no_imputation(self) -> None:
        path = os.path.join(self.worker.directory, "whole.parquet")
        training_set(path, nulls=False)
        body = program("random-forest", BINARY)
        body["preprocessing"]["numeric"]["impute"] = "none"
        inputs = {"training-set": {"data.parquet": path}}
        output, result = self.worker.run("train", body, inputs)
        self.assertIn("parity", result, result)
        signature = json.loads(self.read(output, "signature.json"))
        self.assertIs(signature["inputs"][0]["nullable"], False)

    def test_tasks_that_an_algorithm_does_not_do(self) -> None:
        for task in (BINARY, MULTICLASS):
            self.fails(
                program("ridge", task),
                "config",
                "WrongTask",
                f"ridge does regression only, but the task is {task}",
                "use logistic-regression",
            )
        self.fails(
            program("logistic-regression", REGRESSION),
            "config",
            "WrongTask",
            "logistic-regression does classification only, but the task is regression",
            "use ridge",
        )


if __name__ == "__main__":
    unittest.main()
