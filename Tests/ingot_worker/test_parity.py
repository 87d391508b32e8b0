"""Parity of the exported model with the trained one, and the failing path."""

from __future__ import annotations

import unittest
from typing import Any

import support  # noqa: F401, puts the worker on sys.path
from ingot_worker import algorithms, export, parity, pipeline
from ingot_worker.data import Rows
from ingot_worker.errors import StepError


class Planted:
    """An estimator whose score of one row is off."""

    def __init__(self, estimator: Any, row: int, by: float) -> None:
        self.estimator, self.row, self.by = estimator, row, by

    def predict(self, matrix: Any) -> Any:
        scores = self.estimator.predict(matrix).copy()
        scores[self.row] += self.by
        return scores


class ParityTests(unittest.TestCase):
    def fitted(self, algorithm: str, numeric: Any, target: Any) -> tuple[Any, Any, bytes]:
        names = ([f"x{i}" for i in range(numeric.shape[1])], [])
        prepared = pipeline.fit({}, numeric, [], names)
        estimator = algorithms.build(algorithm, "regression", {}, 17, 1)
        estimator.fit(numeric, target)
        return prepared, estimator, export.export(prepared, estimator, algorithm, 0)

    def test_planted_difference(self) -> None:
        import numpy as np

        numeric = np.random.default_rng(1).normal(size=(500, 3)).astype(np.float32)
        prepared, estimator, model = self.fitted("ridge", numeric, numeric[:, 0] * 0)
        rows = Rows(numeric, [], numeric[:, 0])
        tolerance = {"absolute": 1e-4, "relative": 1e-3}
        for row, where in ((41, "row 42 of the test split"), (500, "a row of nulls and unknown")):
            with self.assertRaises(StepError) as caught:
                parity.check(model, prepared, Planted(estimator, row, 0.25), rows, tolerance, False)
            error = caught.exception
            self.assertEqual((error.kind, error.code), ("config", "ParityFailed"))
            end = "" if row < 500 else " categories"
            self.assertEqual(
                error.message,
                "the exported model differs from the trained one in 1 of 501 rows, most in "
                f"{where}{end}: by 0.25, beyond the tolerance of 0.0001 + 0.001 × the score",
            )
        checked = parity.check(
            model, prepared, Planted(estimator, 41, 0.00009), rows, tolerance, False
        )
        self.assertAlmostEqual(checked["maxAbsoluteDifference"], 0.00009, places=6)
        with self.assertRaises(StepError) as caught:
            nan = Planted(estimator, 3, float("nan"))
            parity.check(model, prepared, nan, rows, tolerance, False)
        self.assertIn("most in row 4 of the test split: by NaN", caught.exception.message)

    def test_rows_are_spread_over_a_large_test_split(self) -> None:
        import numpy as np

        numeric = np.arange(90_000, dtype=np.float32).reshape(-1, 1) / 90_000
        prepared, estimator, model = self.fitted("ridge", numeric, numeric[:, 0])
        rows = Rows(numeric, [], numeric[:, 0])
        checked = parity.check(model, prepared, estimator, rows, {}, False)
        self.assertEqual(checked["rows"], parity.ROWS_MAX + 1)

    def test_neighbouring_floats_go_the_same_way(self) -> None:
        """Thresholds between two adjacent float32 must not be rounded onto the upper one."""
        import numpy as np

        random = np.random.default_rng(2)
        low = random.normal(size=400).astype(np.float32)
        high = np.nextafter(low, np.float32(np.inf))
        pairs = np.concatenate([low, high])
        target = np.concatenate([np.zeros(400), np.ones(400)])
        numeric = np.repeat(pairs, 30).reshape(-1, 1)
        for algorithm in algorithms.TREES:
            with self.subTest(algorithm):
                prepared, estimator, model = self.fitted(algorithm, numeric, np.repeat(target, 30))
                rows = Rows(numeric, [], target)
                rows.label = np.repeat(target, 30)
                checked = parity.check(model, prepared, estimator, rows, {}, False)
                self.assertLess(checked["maxAbsoluteDifference"], 1e-4)


if __name__ == "__main__":
    unittest.main()
