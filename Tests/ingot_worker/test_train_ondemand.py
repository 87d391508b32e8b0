"""Training with on-demand features: the model computes them from request values by itself."""

from __future__ import annotations

import datetime
import json
import os
import unittest
from typing import Any

from ingot_worker.algorithms import ALL
from support import Worker, WorkerCase

QUERY = """
    SELECT i AS id, TIMESTAMP '2013-01-01' + INTERVAL (i * 7) HOUR AS "Departure",
        (i * 7919) % 20131231 AS "number", ((i * 37) % 1000) / 7 AS distance,
        ['EWR', 'JFK', ''][i % 3 + 1] AS origin, ['EWR', 'JFK'][i % 2 + 1] AS home,
        i % 5 = 0 AS "open",
        CAST(i % 11 AS FLOAT) AS weather__temp, CAST(i % 90 AS DOUBLE) AS minutes,
        (isodow(TIMESTAMP '2013-01-01' + INTERVAL (i * 7) HOUR) >= 6)
            <> (hash(i) % 10 = 0) AS late,
        ['train', 'train', 'validation', 'test'][i % 4 + 1] AS __split
    FROM range(2000) r(i)
"""
EXPRESSIONS = {
    "weekend": "isodow(departure) >= 6",
    "day_part": "CASE WHEN hour(Departure) < 6 THEN 'night' WHEN origin = 'JFK' THEN 'jfk' END",
    "digits": "number % 10000 / nullif(distance, 0)",
    "warm": 'weather__temp > 5 AND "open"',
}
FEATURES = [
    {"name": "distance", "type": "numeric", "required": True},
    {"name": "weekend", "type": "on-demand", "required": False},
    {"name": "day_part", "type": "on-demand", "required": False},
    {"name": "weather__temp", "type": "numeric", "required": False},
    {"name": "digits", "type": "on-demand", "required": False},
    {"name": "warm", "type": "on-demand", "required": False},
]
REQUEST = {
    "Departure": "timestamp",
    "number": "integer",
    "distance": "double",
    "origin": "string",
    "open": "boolean",
}


def program(algorithm: str = "lightgbm", **more: Any) -> dict[str, Any]:
    linear = algorithm == "logistic-regression"
    return {
        "task": "binary-classification",
        "label": "late",
        "features": FEATURES,
        "onDemand": {name: {"expression": text} for name, text in EXPRESSIONS.items()},
        "request": REQUEST,
        "preprocessing": {
            "numeric": {"impute": "median" if linear else "none", "scale": "none"},
            "categorical": {"encode": "one-hot", "minFrequency": 1},
        },
        "algorithm": {"name": algorithm, "parameters": {} if linear else {"n_estimators": 20}},
        "parity": {"absolute": 1e-4, "relative": 1e-4},
        **more,
    }


class OnDemandTrainingTests(WorkerCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        output, _ = cls.worker.run("features", {"sql": {"statements": [], "query": QUERY}}, {})
        cls.path = os.path.join(output, "data.parquet")
        cls.inputs = {"training-set": {"data.parquet": cls.path}}

    def trained(self, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        output, result = self.worker.run("train", body, self.inputs)
        self.assertIn("parity", result, result)
        return output, json.loads(self.read(output, "signature.json"))

    def test_the_signature_tells_of_the_request_values(self) -> None:
        _, signature = self.trained(program())
        self.assertEqual(
            signature["inputs"],
            [
                {
                    "name": "numeric",
                    "datatype": "FP32",
                    "columns": ["weather__temp"],
                    "nullable": True,
                    "optional": ["weather__temp"],
                },
                {
                    "name": "categorical",
                    "datatype": "BYTES",
                    "columns": ["origin"],
                    "optional": [],
                },
                {
                    "name": "integer",
                    "datatype": "INT64",
                    "columns": ["Departure", "number", "open"],
                    "kinds": ["timestamp", "integer", "boolean"],
                    "nullable": True,
                    "optional": [],
                },
                {
                    "name": "double",
                    "datatype": "FP64",
                    "columns": ["distance"],
                    "nullable": True,
                    "optional": [],
                },
            ],
        )
        third = 1_356_998_400_000_000 + 3 * 7 * 3_600_000_000
        self.assertEqual(signature["sample"]["integer"], [[third, 3 * 7919, 0]])

    def test_two_workers_give_the_same_bytes(self) -> None:
        second = Worker()
        self.addCleanup(second.close)
        for algorithm in ("lightgbm", "logistic-regression", "random-forest"):
            body = program(algorithm)
            body["preprocessing"]["numeric"]["impute"] = "median"
            output, _ = self.trained(body)
            again, _ = second.run("train", body, self.inputs)
            for name in ("model.onnx", "signature.json", "training.json"):
                self.assertEqual(self.read(output, name), self.read(again, name), name)

    def test_two_texts_are_compared_in_front_of_every_estimator(self) -> None:
        """They need a newer operator set, which all of the model's nodes then have."""
        import onnx

        for algorithm in ALL:
            tasks = {"binary-classification": "late", "regression": "minutes"}
            if algorithm in ("ridge", "logistic-regression"):
                del tasks["binary-classification" if algorithm == "ridge" else "regression"]
            for task, label in tasks.items():
                body = program(algorithm, task=task, label=label)
                body["algorithm"]["parameters"] = {}
                body["preprocessing"]["numeric"]["impute"] = "median"
                body["onDemand"]["warm"]["expression"] = "origin = home"
                body["request"] = {**REQUEST, "home": "string"}
                with self.subTest(algorithm=algorithm, task=task):
                    output, signature = self.trained(body)
                    self.assertEqual(signature["inputs"][1]["columns"], ["home", "origin"])
                    model = onnx.load(os.path.join(output, "model.onnx"))
                    self.assertEqual({o.domain: o.version for o in model.opset_import}[""], 19)

    def test_the_model_answers_as_the_features_by_sql_would(self) -> None:
        """A model that gets the same features from DuckDB gives the same probabilities."""
        import duckdb
        import numpy as np
        from ingot_worker import parity

        output, signature = self.trained(program())
        names = [f["name"] for f in FEATURES]
        expressions = ", ".join(
            f"coalesce({text}, '') AS {name}"
            if name == "day_part"
            else f"CAST({text} AS FLOAT) AS {name}"
            for name, text in EXPRESSIONS.items()
        )
        plain = os.path.join(self.worker.directory, "plain.parquet")
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT late, __split, CAST(distance AS FLOAT) AS distance, weather__temp, "
                f"{expressions} FROM (SELECT * REPLACE (nullif(origin, '') AS origin) "
                f"FROM '{self.path}')) TO '{plain}' (FORMAT parquet)"
            )
            order = ["weather__temp", "distance", "weekend", "digits", "warm", "day_part"]
            body = program()
            del body["onDemand"], body["request"]
            body["features"] = [
                {"name": n, "type": "categorical" if n == "day_part" else "numeric"} for n in order
            ]
            self.assertEqual(sorted(order), sorted(names))
            other, result = self.worker.run(
                "train", body, {"training-set": {"data.parquet": plain}}
            )
            self.assertIn("parity", result, result)
            table = connection.execute(
                f'SELECT weather__temp, origin, epoch_us("Departure"), number, '
                f"CAST(\"open\" AS BIGINT), distance FROM '{self.path}'"
            ).fetchall()
            features = connection.execute(
                f"SELECT weather__temp, distance, weekend, digits, warm, day_part FROM '{plain}'"
            ).fetchall()
        feed = {
            "numeric": np.array([[r[0]] for r in table], dtype=np.float32),
            "categorical": np.array([[r[1]] for r in table], dtype=object),
            "integer": np.array([r[2:5] for r in table], dtype=np.int64),
            "double": np.array([[r[5]] for r in table], dtype=np.float64),
        }
        mine = parity.session(self.read(output, "model.onnx")).run(None, feed)[0]
        numbers = [[np.nan if v is None else v for v in r[:5]] for r in features]
        theirs = parity.session(self.read(other, "model.onnx")).run(
            None,
            {
                "numeric": np.array(numbers, dtype=np.float32),
                "categorical": np.array([[r[5]] for r in features], dtype=object),
            },
        )[0]
        self.assertTrue(np.array_equal(mine, theirs))
        self.assertEqual(signature["task"], "binary-classification")

    def test_evaluation_scores_request_values(self) -> None:
        output, _ = self.trained(program())
        files = {name: os.path.join(output, name) for name in ("model.onnx", "signature.json")}
        body = {"task": "binary-classification", "label": "late", "metrics": ["roc_auc"]}
        _, result = self.worker.run("evaluate", body, {**self.inputs, "model": files})
        self.assertGreater(result["test"]["roc_auc"], 0.8, result)

    def test_a_null_that_the_model_cannot_take_is_told(self) -> None:
        body = program("logistic-regression")
        body["preprocessing"]["numeric"]["impute"] = "none"
        body["onDemand"]["digits"]["expression"] = "nullif(number % 2, 1) + 0 * distance"
        _, error = self.worker.run("train", body, self.inputs)
        self.assertEqual(error.get("code"), "NullFeatures", error)
        self.assertIn("'digits' is null in", error["message"])

    def test_the_training_set_refuses_an_expression_before_it_is_made(self) -> None:
        body = {
            "sql": {"statements": [], "query": "SELECT 1"},
            "onDemand": {"f": {"expression": "number +"}},
            "request": REQUEST,
            "leakGuard": {"features": FEATURES},
        }
        _, error = self.worker.run("training-set", body, {})
        self.assertEqual(
            (error["class"], error["code"], error["message"]),
            (
                "config",
                "OnDemandRefused",
                "the on-demand feature 'f' cannot be compiled: syntax error at or near \"+\", at "
                "1:8 of its expression\n    number +\n           ^",
            ),
        )

    def test_an_on_demand_feature_that_tells_the_label_is_warned_of(self) -> None:
        query = QUERY.replace("<> (hash(i) % 10 = 0)", "")
        body = {
            "sql": {"statements": [], "query": query},
            "onDemand": program()["onDemand"],
            "request": REQUEST,
            "leakGuard": {
                "maxAUC": 0.98,
                "task": "binary-classification",
                "label": "late",
                "features": FEATURES,
                "timestamp": "Departure",
                "key": ["id"],
                "late": [],
            },
        }
        _, result = self.worker.run("training-set", body, {})
        self.assertEqual(len(result["warnings"]), 1, result)
        self.assertTrue(result["warnings"][0].startswith("feature 'weekend' alone"))


class TimeTests(unittest.TestCase):
    def test_times_are_microseconds_since_1970(self) -> None:
        import pyarrow as pa
        from ingot_worker import data

        moments = [datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999), None]
        table = pa.table({"t": pa.array(moments, type=pa.timestamp("us"))})
        self.assertEqual(data.wide_integers(table, ["t"]).tolist(), [[-1], [data.NULL_INTEGER]])


if __name__ == "__main__":
    unittest.main()
