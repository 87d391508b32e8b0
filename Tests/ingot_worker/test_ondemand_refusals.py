"""On-demand expressions that cannot be compiled, with the whole message."""

from __future__ import annotations

import os
import re
import unittest

import support
from ingot_worker.errors import StepError
from test_ondemand import compiled


class RefusalTests(unittest.TestCase):
    def refused(self, expression: str, message: str, hint: str | None = None) -> None:
        with self.assertRaises(StepError) as caught:
            compiled(expression)
        self.assertEqual(caught.exception.kind, "config")
        self.assertEqual(caught.exception.message, message)
        if hint is not None:
            self.assertEqual(caught.exception.hint, hint)

    def test_an_unknown_function(self) -> None:
        self.refused(
            "i > 1 AND isodwo(t) >= 6",
            "the on-demand feature 'f' cannot be compiled: the function 'isodwo' is unknown or has "
            "no counterpart in ONNX, at 1:11 of its expression\n"
            "    i > 1 AND isodwo(t) >= 6\n"
            "              ^",
            "did you mean 'isodow'?",
        )

    def test_the_line_of_a_long_expression_is_quoted(self) -> None:
        self.refused(
            "i > 1\n  AND 'é' = s AND q",
            "the on-demand feature 'f' cannot be compiled: there is no column or feature 'q', at "
            "2:19 of its expression\n"
            "      AND 'é' = s AND q\n"
            "                      ^",
            "known: b, d, i, j, s, t, u, v, x, y",
        )

    def test_what_is_no_expression(self) -> None:
        for expression, message in {
            "i +": 'syntax error at or near "+", at 1:3 of its expression\n    i +\n      ^',
            "i, j": "it is not one expression, at 1:4 of its expression\n    i, j\n       ^",
            "i FROM t": "it is not one expression, at 1:1 of its expression\n    i FROM t\n    ^",
            "(SELECT 1)": "subquery is not supported, at 1:1 of its expression\n    (SELECT 1)\n"
            "    ^",
            "sum(i) OVER ()": "window is not supported, at 1:1 of its expression\n"
            "    sum(i) OVER ()\n    ^",
            "1 + 1": "it is the same for every row, at 1:1 of its expression\n    1 + 1\n    ^",
            "t": "a timestamp cannot be a feature, at 1:1 of its expression\n    t\n    ^",
            "t - v": "an interval cannot be a feature, at 1:3 of its expression\n"
            "    t - v\n      ^",
        }.items():
            self.refused(expression, f"the on-demand feature 'f' cannot be compiled: {message}")

    def test_what_is_nested_too_deeply(self) -> None:
        with self.assertRaises(StepError) as caught:
            compiled("(" * 300 + "i" + " + 1)" * 300)
        self.assertIn("cannot be compiled: ", caught.exception.message)

    def test_types_that_do_not_fit(self) -> None:
        for expression, message in {
            "s + 1": "a number is needed here, but this is a text, at 1:1",
            "s = 1": "an integer stands beside a text, at 1:5",
            "s < 'a'": "texts have no order in ONNX, at 1:1",
            "b + 1": "a number is needed here, but this is a boolean, at 1:1",
            "hour(i)": "a timestamp or date is needed here, but this is an integer, at 1:6",
            "t > 'soon'": "'soon' is not a timestamp, at 1:5",
            "x::DECIMAL(3,1)": "a cast to DECIMAL is not supported, at 1:4",
            "t::BIGINT": "a timestamp cannot be cast to BIGINT, at 1:2",
            "x // 2": "'//' needs two integers, at 1:1",
            "hour(t, v)": "'hour' takes 1 values, not 2, at 1:1",
            "date_part('week', t)": "the part 'week' is not supported, at 1:11",
            "t - 1": "only a time can be subtracted from a time, at 1:5",
            "i + 99999999999999999999": "the integer does not fit 64 bits, at 1:5",
        }.items():
            with self.subTest(expression), self.assertRaises(StepError) as caught:
                compiled(expression)
            said = caught.exception.message.split(" of its expression")[0]
            self.assertEqual(said, f"the on-demand feature 'f' cannot be compiled: {message}")


class ListTests(unittest.TestCase):
    def test_the_manifests_know_the_same_functions(self) -> None:
        from ingot_worker.ondemand_functions import FUNCTIONS, SYNTAX

        path = os.path.join(
            os.path.dirname(support.ROOT), "../../ResourceAPI/OnDemandFunctions.swift"
        )
        with open(path, encoding="utf-8") as file:
            text = file.read().split("let names = [")[1].split("]")[0]
        self.assertEqual(re.findall(r'"(\w+)"', text), sorted([*FUNCTIONS, *SYNTAX]))


if __name__ == "__main__":
    unittest.main()
