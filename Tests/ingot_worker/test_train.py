from __future__ import annotations

import json
import os
import unittest

from support import Worker, WorkerCase, program, training_set

TASKS = ("binary-classification", "multiclass-classification", "regression")
ALL = ("lightgbm", "xgboost", "logistic-regression", "ridge", "random-forest")
ALL = (*ALL, "hist-gradient-boosting")
METRICS = {
    TASKS[0]: ["roc_auc", "log_loss", "accuracy", "f1", "brier", "average_precision"],
    TASKS[1]: ["accuracy", "log_loss", "f1_macro", "roc_auc_ovr"],
    TASKS[2]: ["rmse", "mae", "r2"],
}


def read(output: str, name: str) -> bytes:
    with open(os.path.join(output, name), "rb") as file:
        return file.read()


class TrainTests(WorkerCase):
    def setUp(self) -> None:
        self.path = os.path.join(self.worker.directory, "data.parquet")
        training_set(self.path)
        self.inputs = {"training-set": {"data.parquet": self.path}}

    def test_every_algorithm_and_task_twice(self) -> None:
        second = Worker()
        self.addCleanup(second.close)
        for algorithm in ALL:
            for task in TASKS:
                if (algorithm == "ridge") > (task == TASKS[2]):
                    continue
                if (algorithm == "logistic-regression") and task == TASKS[2]:
                    continue
                for encode in ("one-hot", "ordinal"):
                    with self.subTest(algorithm=algorithm, task=task, encode=encode):
                        body = program(algorithm, task)
                        body["preprocessing"]["categorical"]["encode"] = encode
                        output, result = self.worker.run("train", body, self.inputs)
                        self.assertIn("parity", result, result)
                        self.assertLess(result["parity"]["maxAbsoluteDifference"], 1e-4)
                        files = ["model.onnx", "signature.json", "training.json"]
                        self.assertEqual(sorted(os.listdir(output)), files)
                        again, _ = second.run("train", body, self.inputs)
                        for name in files:
                            self.assertEqual(read(output, name), read(again, name), name)
                        signature = json.loads(read(output, "signature.json"))
                        self.assertEqual(signature["inputs"][0]["optional"], ["x1"])
                        self.assertEqual(signature["inputs"][1]["optional"], ["c1"])
                        self.assertIs(signature["inputs"][0]["nullable"], True)
                        inputs = {
                            **self.inputs,
                            "model": {n: os.path.join(output, n) for n in files},
                        }
                        label = body["label"]
                        scored, metrics = self.worker.run(
                            "evaluate",
                            {"task": task, "label": label, "metrics": METRICS[task]},
                            inputs,
                        )
                        self.assertIn("test", metrics, metrics)
                        good = {"roc_auc": 0.7, "accuracy": 0.5, "r2": 0.2}
                        first = next(m for m in METRICS[task] if m in good)
                        self.assertGreater(metrics["test"][first], good[first])
                        self.assertEqual(json.loads(read(scored, "metrics.json")), metrics)

    def fails(self, body: object, code: str, message: str, hint: str | None = None) -> None:
        _, error = self.worker.run("train", body, self.inputs)
        self.assertEqual((error.get("code"), error.get("message")), (code, message), error)
        if hint is not None:
            self.assertEqual(error["hint"], hint)

    def test_labels(self) -> None:
        self.fails(
            program("lightgbm", TASKS[0], label="one"),
            "OneClassLabel",
            "label 'one' has only one class (false) in the 1,729 training rows",
        )
        self.fails(
            program("lightgbm", TASKS[0], label="gaps"),
            "LabelNull",
            "label 'gaps' is null in 237 of the 1,729 training rows",
        )
        self.fails(
            program("lightgbm", TASKS[0], label="grade"),
            "TooManyClasses",
            "label 'grade' has 3 classes (a, b, c) in the 1,729 training rows, "
            "but the task is binary-classification",
        )
        self.fails(
            program("lightgbm", TASKS[0], label="latte"),
            "ColumnMissing",
            "the training set has no column 'latte'; it has: x0, x1, x2, x3, x4, x5, c1, c2, "
            "late, grade, minutes, one, gaps, __split",
            "did you mean 'late'?",
        )

    def test_configuration(self) -> None:
        body = program("lightgbm", TASKS[0])
        body["algorithm"]["parameters"] = {"num_leafs": 3}
        self.fails(
            body,
            "UnknownParameter",
            "lightgbm has no parameter 'num_leafs'",
            "did you mean 'num_leaves' or 'num_iterations'?",
        )
        body = program("xgboost", TASKS[0])
        body["preprocessing"]["numeric"]["scale"] = "standard"
        self.fails(
            body,
            "ScaledTrees",
            "numeric scale 'standard' does not go with xgboost: trees gain nothing from scaling, "
            "and rounding would change scores at split values",
            "set scale to none",
        )
        body = program("random-forest", TASKS[0])
        body["preprocessing"]["numeric"]["impute"] = "none"
        self.fails(
            body,
            "NullFeatures",
            "random-forest takes no nulls, but 6 numeric features have some: "
            "'x2' is null in 103 of 1,729 train rows",
            "set the numeric impute to median, mean or zero",
        )
        self.fails(
            program("ridge", TASKS[0]),
            "WrongTask",
            "ridge does regression only, but the task is binary-classification",
            "use logistic-regression",
        )
        body = program("lightgbm", TASKS[0], parity={"absolute": 0, "relative": 0})
        _, error = self.worker.run("train", body, self.inputs)
        self.assertEqual((error["class"], error["code"]), ("config", "ParityFailed"), error)

    def test_only_numeric_or_categorical(self) -> None:
        for kind in ("numeric", "categorical"):
            for algorithm in ALL:
                task = TASKS[2] if algorithm == "ridge" else TASKS[0]
                body = program(algorithm, task)
                body["features"] = [f for f in body["features"] if f["type"] == kind]
                _, result = self.worker.run("train", body, self.inputs)
                self.assertIn("parity", result, result)


if __name__ == "__main__":
    unittest.main()
