"""Values of an on-demand expression as tensors of an ONNX graph, with SQL's nulls and NaN.

A value is one tensor [rows, 1] (or [1, 1], a constant) and, if it can be null, a boolean tensor
that says where. Where a boolean is null, its tensor is false; where a number is null, anything.
NaN is a number: the greatest, and equal to itself, as in DuckDB.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ingot_worker.pipeline import Graph

INT64_LIMIT = 2.0**63


@dataclass(frozen=True)
class Value:
    """`kind` is boolean, integer (64 bits), double, string, timestamp, date, interval or null.

    Times are microseconds since 1970 UTC as integers, a date that of its midnight; an interval is a
    number of microseconds.
    """

    kind: str
    tensor: str
    null: str | None = None
    # Of integers: an upper bound of the absolute value.
    bound: float = INT64_LIMIT
    # The Python value of a literal.
    literal: Any = None
    is_constant: bool = False


class Builder:
    """Appends nodes to a graph; the same operation on the same inputs is done once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known: dict[Any, str] = {}
        # The operator set that the nodes need; 19 compares texts.
        self.opset = 17

    def op(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The output of an operator."""
        key = (operator, inputs, repr(sorted(attributes.items())))
        if key not in self._known:
            name = f"o{len(self._known)}"
            self._known[key] = self.graph.add(operator, list(inputs), name, **attributes)
        return self._known[key]

    def const(self, value: Any, dtype: str) -> str:
        """A constant [1, 1]."""
        import numpy as np

        key = ("constant", dtype, repr(value))
        if key not in self._known:
            array = np.array([[value]], dtype=object if dtype == "string" else dtype)
            self._known[key] = self.graph.constant(f"o{len(self._known)}", array)
        return self._known[key]

    def indices(self, value: int) -> str:
        """A constant [1], for Gather."""
        import numpy as np

        key = ("indices", value)
        if key not in self._known:
            array = np.array([value], dtype=np.int64)
            self._known[key] = self.graph.constant(f"o{len(self._known)}", array)
        return self._known[key]

    # Logic, where None stands for false everywhere.

    def any_of(self, *masks: str | None) -> str | None:
        """True where any of them is."""
        result = None
        for mask in masks:
            if mask is not None and mask != result:
                result = mask if result is None else self.op("Or", result, mask)
        return result

    def without(self, mask: str, null: str | None) -> str:
        """True where the first is and the second is not."""
        return mask if null is None else self.op("And", mask, self.op("Not", null))

    def choose(self, condition: str, first: str, second: str, is_boolean: bool) -> str:
        """The first where the condition holds, else the second. `Where` knows no booleans."""
        if not is_boolean:
            return self.op("Where", condition, first, second)
        no = self.op("Not", condition)
        return self.op("Or", self.op("And", condition, first), self.op("And", no, second))

    # Types.

    def null_value(self, kind: str) -> Value:
        """A null of a kind."""
        tensors = {"boolean": (False, "bool"), "double": (0.0, "float64"), "string": ("", "string")}
        value, dtype = tensors.get(kind, (0, "int64"))
        tensor = self.const(value, dtype)
        return Value(kind, tensor, self.const(True, "bool"), 0, is_constant=True)

    def to_double(self, value: Value) -> Value:
        """Of a number, boolean or null."""
        from onnx import TensorProto

        if value.kind == "double":
            return value
        if value.kind == "null":
            return self.null_value("double")
        if value.literal is not None:
            tensor = self.const(float(value.literal), "float64")
            return replace(value, kind="double", tensor=tensor, literal=float(value.literal))
        return replace(
            value, kind="double", tensor=self.op("Cast", value.tensor, to=TensorProto.DOUBLE)
        )

    def to_integer(self, value: Value) -> Value:
        """Of a boolean, an integer or null; exact."""
        from onnx import TensorProto

        if value.kind == "null":
            return self.null_value("integer")
        if value.kind != "boolean":
            return value
        tensor = self.op("Cast", value.tensor, to=TensorProto.INT64)
        return Value("integer", tensor, value.null, 1, None, value.is_constant)

    # Comparisons.

    def compare(self, operator: str, a: Value, b: Value) -> Value:
        """Of two values of one kind; null if either is. `operator`: = <> < <= > >=."""
        if operator in ("<>", "<=", ">="):
            opposite = {"<>": "=", "<=": ">", ">=": "<"}[operator]
            return self.negate(self.compare(opposite, a, b))
        null = self.any_of(a.null, b.null)
        constant = a.is_constant and b.is_constant
        if operator == "<":
            a, b = b, a
        tensor = self._equal(a, b) if operator == "=" else self._greater(a, b)
        return Value("boolean", self.without(tensor, null), null, 1, None, constant)

    def negate(self, value: Value) -> Value:
        """SQL's NOT."""
        tensor = self.without(self.op("Not", value.tensor), value.null)
        return Value("boolean", tensor, value.null, 1, None, value.is_constant)

    def _equal(self, a: Value, b: Value) -> str:
        if a.kind == "string":
            return self._same_text(a, b)
        equal = self.op("Equal", a.tensor, b.tensor)
        if a.kind != "double" or a.literal is not None or b.literal is not None:
            return equal
        both = self.op("And", self.op("IsNaN", a.tensor), self.op("IsNaN", b.tensor))
        return self.op("Or", equal, both)

    def _greater(self, a: Value, b: Value) -> str:
        """a > b."""
        if a.kind == "boolean":
            return self.op("And", a.tensor, self.op("Not", b.tensor))
        greater = self.op("Greater", a.tensor, b.tensor)
        if a.kind != "double" or a.literal is not None:
            return greater
        nan = self.op("IsNaN", a.tensor)
        if b.literal is None:
            nan = self.op("And", nan, self.op("Not", self.op("IsNaN", b.tensor)))
        return self.op("Or", greater, nan)

    def _same_text(self, a: Value, b: Value) -> str:
        if a.literal is None and b.literal is not None:
            a, b = b, a
        if a.literal is None or b.literal is not None:
            self.opset = 19
            return self.op("Equal", a.tensor, b.tensor)
        return self.texts(b.tensor, [str(a.literal)])

    def texts(self, tensor: str, among: list[str]) -> str:
        """Whether a text is one of these."""
        from onnx import TensorProto

        found = self.op(
            "LabelEncoder",
            tensor,
            domain="ai.onnx.ml",
            keys_strings=among,
            values_int64s=[1] * len(among),
            default_int64=0,
        )
        return self.op("Cast", found, to=TensorProto.BOOL)
