"""From one parsed on-demand expression to ONNX nodes with DuckDB's meaning.

Where DuckDB raises an error for a row (a remainder of 0, an integer beyond 64 bits), the value is
null, since a model cannot raise. A literal with a decimal point is a DOUBLE, not a DECIMAL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ingot_worker import ondemand_choices as choices
from ingot_worker import ondemand_functions as functions
from ingot_worker import ondemand_rounding as rounding
from ingot_worker import ondemand_times as times
from ingot_worker.errors import StepError, did_you_mean
from ingot_worker.ondemand_dates import Dates
from ingot_worker.ondemand_parser import Source
from ingot_worker.ondemand_values import Builder, Value

_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_INTEGER_TYPES = {"BIGINT": 63, "INTEGER": 31, "SMALLINT": 15, "TINYINT": 7}
_TYPE_NAMES = {
    **{"INT": "INTEGER", "INT4": "INTEGER", "INT8": "BIGINT", "LONG": "BIGINT", "INT64": "BIGINT"},
    **{"INT32": "INTEGER", "INT2": "SMALLINT", "SHORT": "SMALLINT", "BOOL": "BOOLEAN"},
    **{"FLOAT8": "DOUBLE", "TEXT": "VARCHAR", "STRING": "VARCHAR", "DATETIME": "TIMESTAMP"},
}
_NAMES = {"null": "NULL", "string": "text"}
TIMES = ("timestamp", "date")
NUMBERS = ("integer", "double")


class Compiler:
    """Compiles one expression; `columns` finds the value of a column by its name."""

    def __init__(
        self, source: Source, builder: Builder, columns: Callable[[str], Value | None]
    ) -> None:
        self.source = source
        self.builder = builder
        self.dates = Dates(builder)
        self._columns = columns
        self.column_names: list[str] = []

    def refuse(
        self, node: dict[str, Any] | None, message: str, hint: str | None = None
    ) -> StepError:
        """The error for a part of the expression."""
        return self.source.refusal(node, message, hint)

    def wrong_type(self, node: dict[str, Any], value: Value, needed: str) -> StepError:
        """The error for a value of another kind than is needed."""
        return self.refuse(node, f"{needed} is needed here, but this is {kind_text(value)}")

    def compile(self, node: dict[str, Any]) -> Value:
        """The value of a node of DuckDB's tree."""
        method = getattr(self, "_" + str(node.get("class", "")).lower(), None)
        if method is None:
            what = str(node.get("class", "this")).lower().replace("_", " ")
            raise self.refuse(node, f"{what} is not supported", "only expressions over one row are")
        result: Value = method(node)
        return result

    # Leaves.

    def _constant(self, node: dict[str, Any]) -> Value:
        literal = node.get("literal") or {}
        kind, text = literal.get("kind"), str(literal.get("text", "")).replace("_", "")
        if kind == "NULL_LITERAL":
            return Value("null", "", is_constant=True)
        if kind == "BOOLEAN":
            tensor = self.builder.const(text == "true", "bool")
            return Value("boolean", tensor, None, 1, None, True)
        if kind == "STRING":
            return self.text(str(literal["text"]))
        if kind == "INTEGER":
            return self.integer(int(text), node)
        if kind == "NUMERIC":
            number = float(text)
            return Value("double", self.builder.const(number, "float64"), None, 0, number, True)
        raise self.refuse(node, "this literal is not supported")

    def text(self, text: str) -> Value:
        """A literal text. The empty one is null, as everywhere in a model's inputs."""
        if text == "":
            return self.builder.null_value("string")
        return Value("string", self.builder.const(text, "string"), None, 0, text, True)

    def integer(self, number: int, node: dict[str, Any] | None = None) -> Value:
        """A literal integer."""
        if not -(2**63) < number < 2**63:
            raise self.refuse(node, "the integer does not fit 64 bits", "write it as 1e19")
        tensor = self.builder.const(number, "int64")
        return Value("integer", tensor, None, abs(number), number, True)

    def _column_ref(self, node: dict[str, Any]) -> Value:
        name = node["column_names"][-1]
        value = self._columns(name) if len(node["column_names"]) == 1 else None
        if value is None:
            shown = ".".join(node["column_names"])
            raise self.refuse(
                node,
                f"there is no column or feature '{shown}'",
                did_you_mean(shown, self.column_names, known=True),
            )
        return value

    # Logic.

    def truth(self, node: dict[str, Any]) -> Value:
        """A condition: numbers are true unless they are zero."""
        value = self.compile(node)
        if value.kind == "null":
            return self.builder.null_value("boolean")
        if value.kind in NUMBERS:
            return self._to_boolean(value)
        if value.kind != "boolean":
            raise self.wrong_type(node, value, "a condition")
        return value

    def _conjunction(self, node: dict[str, Any]) -> Value:
        values = [self.truth(child) for child in node["children"]]
        if node["type"] == "CONJUNCTION_OR":
            return self.either(values)
        # a AND b is NOT (NOT a OR NOT b), nulls included.
        return self.builder.negate(self.either([self.builder.negate(v) for v in values]))

    def either(self, values: list[Value]) -> Value:
        """SQL's OR: true if any is, else null if any is."""
        tensor = self.builder.any_of(*(v.tensor for v in values)) or ""
        nulls = self.builder.any_of(*(v.null for v in values))
        null = None if nulls is None else self.builder.without(nulls, tensor)
        return Value("boolean", tensor, null, 1, None, all(v.is_constant for v in values))

    def _comparison(self, node: dict[str, Any]) -> Value:
        a, b = self.alike([node["left"], node["right"]])
        if node["type"] in _COMPARISONS:
            return self.comparison(node, _COMPARISONS[node["type"]], a, b)
        if node["type"] not in ("COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM"):
            raise self.refuse(node, "this comparison is not supported")
        same = self.comparison(node, "=", a, b)
        tensor = same.tensor
        if a.null is not None and b.null is not None:
            tensor = self.builder.op("Or", tensor, self.builder.op("And", a.null, b.null))
        result = Value("boolean", tensor, None, 1, None, same.is_constant)
        distinct = node["type"] == "COMPARE_DISTINCT_FROM"
        return self.builder.negate(result) if distinct else result

    def comparison(self, node: dict[str, Any], operator: str, a: Value, b: Value) -> Value:
        """Of two values of one kind."""
        if a.kind == "null":
            return self.builder.null_value("boolean")
        if a.kind == "string" and operator not in ("=", "<>"):
            raise self.refuse(node, "texts have no order in ONNX", "compare them with = or <>")
        return self.builder.compare(operator, a, b)

    def _between(self, node: dict[str, Any]) -> Value:
        value, low, high = self.alike([node["input"], node["lower"], node["upper"]])
        above = self.comparison(node, ">=", value, low)
        below = self.comparison(node, "<=", value, high)
        negate = self.builder.negate
        return negate(self.either([negate(above), negate(below)]))

    def _operator(self, node: dict[str, Any]) -> Value:
        kind, children = node["type"], node["children"]
        if kind == "OPERATOR_NOT":
            return self.builder.negate(self.truth(children[0]))
        if kind in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
            value = self.compile(children[0])
            if value.kind == "null":
                value = self.builder.null_value("integer")
            null = value.null or self.builder.const(False, "bool")
            constant = value.is_constant or value.null is None
            result = Value("boolean", null, None, 1, None, constant)
            return result if kind == "OPERATOR_IS_NULL" else self.builder.negate(result)
        if kind == "OPERATOR_COALESCE":
            return choices.coalesce(self, self.alike(children))
        if kind in ("COMPARE_IN", "COMPARE_NOT_IN"):
            value, *others = self.alike(children)
            found = self.either([self.comparison(node, "=", value, other) for other in others])
            return self.builder.negate(found) if kind == "COMPARE_NOT_IN" else found
        what = kind.lower().replace("_", " ")
        raise self.refuse(node, f"the operator {what} is not supported")

    def _case(self, node: dict[str, Any]) -> Value:
        checks = node["case_checks"]
        conditions = [self.truth(check["when_expr"]) for check in checks]
        *results, last = self.alike([*(c["then_expr"] for c in checks), node["else_expr"]])
        for condition, result in zip(reversed(conditions), reversed(results), strict=True):
            last = choices.select(self, condition, result, last)
        return last

    # Functions and casts.

    def _function(self, node: dict[str, Any]) -> Value:
        name = str(node["function_name"]).lower()
        arguments = [argument["expression"] for argument in node["arguments"]]
        if node.get("distinct") or node.get("filter") or node["order_bys"].get("orders"):
            raise self.refuse(node, f"'{name}' is used as an aggregate")
        known = functions.OPERATORS if node.get("is_operator") else functions.FUNCTIONS
        if name not in known:
            what = "operator" if node.get("is_operator") else "function"
            raise self.refuse(
                node,
                f"the {what} '{name}' is unknown or has no counterpart in ONNX",
                did_you_mean(name, known, known=True),
            )
        least, most, function = known[name]
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} or more"
            if least < most <= 2:
                wanted = f"{least} or {most}"
            raise self.refuse(node, f"'{name}' takes {wanted} values, not {len(arguments)}")
        return function(self, node, arguments)

    def _cast(self, node: dict[str, Any]) -> Value:
        type_name = str(node["type_expr"].get("type_name", "")).upper()
        type_name = _TYPE_NAMES.get(type_name, type_name)
        value = self.compile(node["child"])
        if value.kind == "string" and type_name in ("TIMESTAMP", "DATE"):
            return self.time_literal(node["child"], value, type_name.lower())
        to = self._cast_target(node, type_name)
        if value.kind == "null":
            return self.builder.null_value(to)
        if to == value.kind and to != "integer":
            return value
        if to == "double" and value.kind in ("boolean", *NUMBERS):
            return self.builder.to_double(value)
        if to == "boolean" and value.kind in NUMBERS:
            return self._to_boolean(value)
        if to == "integer" and value.kind in ("boolean", *NUMBERS):
            return rounding.to_integer(self, value, _INTEGER_TYPES[type_name])
        if to in TIMES and value.kind in TIMES:
            return times.to_time(self, value, to)
        raise self.refuse(node, f"{kind_text(value)} cannot be cast to {type_name}")

    def _cast_target(self, node: dict[str, Any], type_name: str) -> str:
        targets = dict.fromkeys(_INTEGER_TYPES, "integer")
        targets |= {"DOUBLE": "double", "BOOLEAN": "boolean", "VARCHAR": "string"}
        targets |= {"TIMESTAMP": "timestamp", "DATE": "date"}
        if type_name not in targets or node["type_expr"].get("children"):
            raise self.refuse(
                node["type_expr"],
                f"a cast to {type_name} is not supported",
                "cast to BIGINT, INTEGER, DOUBLE, BOOLEAN, TIMESTAMP or DATE",
            )
        return targets[type_name]

    def _to_boolean(self, value: Value) -> Value:
        dtype = "float64" if value.kind == "double" else "int64"
        zero = self.builder.const(0, dtype)
        other = self.builder.op("Not", self.builder.op("Equal", value.tensor, zero))
        tensor = self.builder.without(other, value.null)
        return Value("boolean", tensor, value.null, 1, None, value.is_constant)

    def time_literal(self, node: dict[str, Any], value: Value, kind: str) -> Value:
        """A text as a time, as DuckDB reads it."""
        import duckdb

        if value.literal is None:
            raise self.refuse(node, f"only a literal text can become a {kind}")
        with duckdb.connect(":memory:") as connection:
            found = connection.execute(
                f"SELECT epoch_us(CAST(TRY_CAST(? AS {kind.upper()}) AS TIMESTAMP))",
                [value.literal],
            ).fetchone()
        if found is None or found[0] is None:
            raise self.refuse(node, f"'{value.literal}' is not a {kind}")
        tensor = self.builder.const(int(found[0]), "int64")
        return Value(kind, tensor, None, is_constant=True)

    # Types.

    def alike(self, nodes: list[dict[str, Any]]) -> list[Value]:
        """The values, brought to one kind as DuckDB would; all null stays null."""
        values = [self.compile(node) for node in nodes]
        kinds = {v.kind for v in values} - {"null"}
        if not kinds:
            return values
        kind = self._common_kind(nodes, values, kinds)
        result = []
        for node, value in zip(nodes, values, strict=True):
            if value.kind == "null":
                value = self.builder.null_value(kind)
            elif value.kind == "string" and kind in TIMES:
                value = self.time_literal(node, value, kind)
            elif kind == "double":
                value = self.builder.to_double(value)
            elif kind == "integer":
                value = self.builder.to_integer(value)
            result.append(value)
        return result

    def _common_kind(
        self, nodes: list[dict[str, Any]], values: list[Value], kinds: set[str]
    ) -> str:
        if len(kinds) == 1:
            return next(iter(kinds))
        if kinds <= {"boolean", *NUMBERS}:
            return "double" if "double" in kinds else "integer"
        if kinds <= {"string", *TIMES} and kinds & set(TIMES):
            return "timestamp" if "timestamp" in kinds else "date"
        first = values[0]
        other, node = next(
            (v, n) for v, n in zip(values, nodes, strict=True) if v.kind not in (first.kind, "null")
        )
        raise self.refuse(
            node,
            f"{kind_text(other)} stands beside {kind_text(first)}",
            "cast one of them, so that both are of one type",
        )


def kind_text(value: Value) -> str:
    """`a timestamp`, in messages."""
    name = _NAMES.get(value.kind, value.kind)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
