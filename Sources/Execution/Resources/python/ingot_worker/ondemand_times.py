"""On-demand expressions: functions of times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingot_worker.errors import did_you_mean
from ingot_worker.ondemand_dates import ALIASES, MICROSECONDS, PARTS
from ingot_worker.ondemand_numbers import Function, Node, arithmetic, combined
from ingot_worker.ondemand_values import Value

if TYPE_CHECKING:
    from ingot_worker.ondemand_compiler import Compiler


def to_time(compiler: Compiler, value: Value, kind: str) -> Value:
    """A cast between timestamp and date."""
    if kind == "date" and value.kind == "timestamp":
        days = compiler.dates.floor_div(value.tensor, MICROSECONDS["day"])
        day = compiler.builder.const(MICROSECONDS["day"], "int64")
        return replace(value, kind=kind, tensor=compiler.builder.op("Mul", days, day))
    return replace(value, kind=kind)


def _time(compiler: Compiler, node: Node) -> Value:
    value = compiler.compile(node)
    if value.kind == "null":
        return compiler.builder.null_value("timestamp")
    if value.kind not in ("timestamp", "date"):
        raise compiler.wrong_type(node, value, "a timestamp or date")
    return value


def part(name: str) -> Function:
    """A function of a timestamp or date that gives a part of it."""

    def function(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
        return compiler.dates.part(name, _time(compiler, arguments[0]))

    return function


def _word(compiler: Compiler, node: Node) -> str:
    """A literal text that is a part's name."""
    literal = node.get("literal") or {}
    if literal.get("kind") != "STRING":
        raise compiler.refuse(node, "the name of a part must be a literal text")
    name = str(literal["text"]).lower()
    return ALIASES.get(name, name)


def date_part(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`date_part` and `extract`, whose part is a literal."""
    name = _word(compiler, arguments[0])
    if name == "epoch":
        return epoch(compiler, node, arguments[1:])
    if name not in PARTS:
        raise compiler.refuse(
            arguments[0],
            f"the part '{name}' is not supported",
            did_you_mean(name, (*PARTS, "epoch"), known=True),
        )
    return compiler.dates.part(name, _time(compiler, arguments[1]))


def date_diff(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """How many boundaries of the part lie between the two."""
    name = _word(compiler, arguments[0])
    first, second = (_time(compiler, argument) for argument in arguments[1:])
    builder = compiler.builder
    if name in MICROSECONDS:
        ends = [compiler.dates.floor_div(t.tensor, MICROSECONDS[name]) for t in (second, first)]
        return combined(compiler, "integer", builder.op("Sub", *ends), first, second)
    if name not in ("year", "month"):
        raise compiler.refuse(
            arguments[0],
            f"the part '{name}' is not supported",
            did_you_mean(name, (*MICROSECONDS, "month", "year"), known=True),
        )
    counts = [compiler.dates.part("year", time).tensor for time in (second, first)]
    if name == "month":
        twelve = builder.const(12, "int64")
        months = [compiler.dates.part("month", time).tensor for time in (second, first)]
        counts = [
            builder.op("Add", builder.op("Mul", years, twelve), month)
            for years, month in zip(counts, months, strict=True)
        ]
    result = combined(compiler, "integer", builder.op("Sub", *counts), first, second)
    return replace(result, bound=1e8)


def epoch(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """Seconds, with their fraction."""
    from onnx import TensorProto

    value = compiler.compile(arguments[0])
    builder = compiler.builder

    def seconds(microseconds: str) -> str:
        wide = builder.op("Cast", microseconds, to=TensorProto.DOUBLE)
        return builder.op("Div", wide, builder.const(1e6, "float64"))

    if value.kind != "interval":
        value = _time(compiler, arguments[0])
        return combined(compiler, "double", seconds(value.tensor), value)
    # DuckDB's intervals have days and a rest of the same sign.
    day = builder.const(MICROSECONDS["day"], "int64")
    days = builder.op("Div", value.tensor, day)
    rest = builder.op("Sub", value.tensor, builder.op("Mul", days, day))
    whole = builder.op("Mul", days, builder.const(86_400, "int64"))
    wide = builder.op("Cast", whole, to=TensorProto.DOUBLE)
    return combined(compiler, "double", builder.op("Add", wide, seconds(rest)), value)


def epoch_us(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """Microseconds since 1970."""
    value = _time(compiler, arguments[0])
    return combined(compiler, "integer", value.tensor, value)


def epoch_ms(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """To the nearest, half away from zero, as DuckDB does."""
    value = _time(compiler, arguments[0])
    builder = compiler.builder
    below = builder.op("Less", value.tensor, builder.const(0, "int64"))
    half = builder.op("Where", below, builder.const(-500, "int64"), builder.const(500, "int64"))
    moved = builder.op("Add", value.tensor, half)
    # This division cuts towards zero.
    tensor = builder.op("Div", moved, builder.const(1_000, "int64"))
    return combined(compiler, "integer", tensor, value)


def difference(compiler: Compiler, node: Node, arguments: list[Node]) -> Value | None:
    """Of dates, days; of timestamps, an interval. None if neither is a time."""
    times = ("timestamp", "date")
    kinds = [compiler.compile(argument).kind for argument in arguments]
    if not any(kind in times for kind in kinds):
        return None
    for argument, kind in zip(arguments, kinds, strict=True):
        if kind not in (*times, "string", "null"):
            raise compiler.refuse(
                argument,
                "only a time can be subtracted from a time",
                "epoch(t) is a number of seconds",
            )
    a, b = compiler.alike(arguments)
    tensor = compiler.builder.op("Sub", a.tensor, b.tensor)
    if a.kind == "date":
        days = compiler.dates.floor_div(tensor, MICROSECONDS["day"])
        return replace(combined(compiler, "integer", days, a, b), bound=1e9)
    return combined(compiler, "interval", tensor, a, b)


_SUBTRACT = arithmetic("Sub", lambda a, b: a + b)


def subtract(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`-`, of numbers or of times."""
    found = difference(compiler, node, arguments) if len(arguments) == 2 else None
    return _SUBTRACT(compiler, node, arguments) if found is None else found
