"""Evaluation: metrics of every task on the validation and test splits."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any

from support import program
from test_train import BINARY, FILES, MULTICLASS, REGRESSION, TrainCase

METRICS = {
    BINARY: [
        *("roc_auc", "log_loss", "average_precision", "brier"),
        *("accuracy", "f1", "precision", "recall", "f1_macro"),
    ],
    MULTICLASS: ["log_loss", "accuracy", "f1_macro"],
    REGRESSION: ["rmse", "mae", "r2"],
}


class EvaluateTests(TrainCase):
    def trained(self, task: str) -> dict[str, str]:
        output, result = self.worker.run("train", program("lightgbm", task), self.inputs)
        self.assertIn("parity", result, result)
        return {name: os.path.join(output, name) for name in FILES}

    def evaluate(self, task: str, metrics: list[str], model: Any, path: str) -> Any:
        body = {"task": task, "label": program("lightgbm", task)["label"], "metrics": metrics}
        inputs = {"model": model, "training-set": {"data.parquet": path}}
        request = self.worker.request("evaluate", body, inputs)
        return request["output"], self.worker.send(request)

    def test_every_metric(self) -> None:
        for task, names in METRICS.items():
            with self.subTest(task):
                output, events = self.evaluate(task, names, self.trained(task), self.path)
                self.assertEqual(os.listdir(output), ["metrics.json"])
                written = json.loads(self.read(output, "metrics.json"))
                told_result = events[-2]["metadata"]
                self.assertEqual(list(told_result.pop("seconds")), ["evaluate"])
                self.assertEqual(told_result, written)
                self.assertEqual(written["rows"], {"validation": 622, "test": 649})
                for split in ("validation", "test"):
                    self.assertEqual(sorted(written[split]), sorted(names))
                told = {e["name"]: e["value"] for e in events if e["event"] == "metric"}
                self.assertEqual(told, written["test"])
                good = {BINARY: ("roc_auc", 0.7), MULTICLASS: ("accuracy", 0.5)}
                name, least = good.get(task, ("r2", 0.2))
                self.assertGreater(written["test"][name], least)

    def test_known_values(self) -> None:
        import numpy as np
        from ingot_worker import metrics

        truth = np.array([0, 0, 1, 1])
        scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.35, 0.65], [0.2, 0.8]])
        for name, value in (
            ("roc_auc", 1.0),
            ("average_precision", 1.0),
            ("accuracy", 0.75),
            ("precision", 2 / 3),
            ("recall", 1.0),
            ("f1", 0.8),
            ("f1_macro", (0.8 + 2 / 3) / 2),
            ("brier", (0.01 + 0.36 + 0.1225 + 0.04) / 4),
            ("log_loss", -np.log([0.9, 0.4, 0.65, 0.8]).mean()),
        ):
            self.assertAlmostEqual(metrics.compute(name, truth, scores, 2), value, msg=name)
        truth = np.array([0.0, 0, 2, 4])
        predicted = np.array([[1.0], [0.0], [2.0], [1.0]])
        for name, value in (("mae", 1.0), ("rmse", 2.5**0.5), ("r2", 1 - 10 / 11)):
            self.assertAlmostEqual(metrics.compute(name, truth, predicted, 0), value, msg=name)

    def test_a_split_without_rows_is_absent(self) -> None:
        path = self.part("validation")
        _, events = self.evaluate(BINARY, ["roc_auc"], self.trained(BINARY), path)
        metadata = events[-2]["metadata"]
        self.assertEqual(sorted(metadata), ["rows", "seconds", "test"])
        self.assertEqual(metadata["rows"], {"validation": 0, "test": 649})

    def part(self, without: str) -> str:
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        table = pq.read_table(self.path)
        path = os.path.join(self.worker.directory, "part.parquet")
        pq.write_table(table.filter(pc.not_equal(table["__split"], without)), path)
        return path

    def test_refusals(self) -> None:
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        model = self.trained(BINARY)
        table = pq.read_table(self.path)
        path = os.path.join(self.worker.directory, "late.parquet")
        pq.write_table(table.filter(table["late"]), path)
        empty = os.path.join(self.worker.directory, "empty.parquet")
        pq.write_table(table.filter(pc.equal(table["__split"], "train")), empty)
        for task, metrics, data, kind, message, hint in (
            (
                *(BINARY, ["roc_auc"], path, "data"),
                "roc_auc needs both classes, but label 'late' has only one class (true) in the "
                "288 validation rows",
                "give the validation split more rows, or leave the metric out",
            ),
            (
                *(BINARY, ["roc_auk"], path, "config"),
                "binary-classification has no metric 'roc_auk'",
                "did you mean 'roc_auc'?",
            ),
            (
                *(BINARY, ["roc_auc"], empty, "data"),
                "the training set has no validation and no test rows",
                "check the times of the split against the times of the rows",
            ),
        ):
            _, events = self.evaluate(task, metrics, model, data)
            error = events[-2]
            self.assertEqual(
                (error["class"], error["message"], error["hint"]), (kind, message, hint)
            )


if __name__ == "__main__":
    unittest.main()
