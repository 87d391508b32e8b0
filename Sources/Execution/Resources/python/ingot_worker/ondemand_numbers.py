"""On-demand expressions: arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingot_worker.ondemand_values import INT64_LIMIT, Value

if TYPE_CHECKING:
    from ingot_worker.ondemand_compiler import Compiler

Node = dict[str, Any]
Function = Callable[["Compiler", Node, list[Node]], Value]


def number_of(compiler: Compiler, node: Node) -> Value:
    """An integer or a double; null is an integer."""
    value = compiler.compile(node)
    if value.kind == "null":
        return compiler.builder.null_value("integer")
    if value.kind not in ("integer", "double"):
        raise compiler.wrong_type(node, value, "a number")
    return value


def double_of(compiler: Compiler, node: Node) -> Value:
    """A number as a double."""
    return compiler.builder.to_double(number_of(compiler, node))


def numbers_of(compiler: Compiler, arguments: list[Node]) -> tuple[Value, Value]:
    """Two numbers of one kind."""
    a, b = (number_of(compiler, argument) for argument in arguments)
    if "double" in (a.kind, b.kind):
        return compiler.builder.to_double(a), compiler.builder.to_double(b)
    return a, b


def combined(compiler: Compiler, kind: str, tensor: str, *values: Value) -> Value:
    """A result that is null where any of the values is."""
    null = compiler.builder.any_of(*(v.null for v in values))
    constant = all(v.is_constant for v in values)
    return Value(kind, tensor, null, INT64_LIMIT, None, constant)


def arithmetic(operator: str, bound: Callable[[float, float], float]) -> Function:
    """+, - or *, with one or two values; `bound` gives that of the result."""

    def function(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
        if operator == "Sub" and len(arguments) == 1:
            return _negative(compiler, arguments[0])
        if operator == "Add" and len(arguments) == 1:
            return number_of(compiler, arguments[0])
        a, b = numbers_of(compiler, arguments)
        builder = compiler.builder
        result = combined(compiler, a.kind, builder.op(operator, a.tensor, b.tensor), a, b)
        if a.kind == "double":
            return result
        limit = bound(a.bound, b.bound)
        if limit < INT64_LIMIT:
            return replace(result, bound=limit)
        # What the 64 bits cannot hold is null.
        wide = builder.op(operator, builder.to_double(a).tensor, builder.to_double(b).tensor)
        null = builder.any_of(result.null, _beyond(compiler, wide, INT64_LIMIT))
        return replace(result, null=null)

    return function


def _beyond(compiler: Compiler, tensor: str, limit: float) -> str:
    """Whether a double is as large as the limit, either way, or NaN."""
    builder = compiler.builder
    inside = builder.op("Less", builder.op("Abs", tensor), builder.const(limit, "float64"))
    return builder.op("Not", inside)


def _negative(compiler: Compiler, argument: Node) -> Value:
    value = number_of(compiler, argument)
    tensor = compiler.builder.op("Neg", value.tensor)
    literal = None if value.literal is None else -value.literal
    return replace(value, tensor=tensor, literal=literal)


def divide(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`/`, always of doubles."""
    a, b = (double_of(compiler, argument) for argument in arguments)
    if a.literal == 1:
        # ONNX Runtime makes y / x of (1 / x) * y, which is rounded otherwise.
        tensor = compiler.builder.op("Reciprocal", b.tensor)
    else:
        tensor = compiler.builder.op("Div", a.tensor, b.tensor)
    return combined(compiler, "double", tensor, a, b)


def _divisor(compiler: Compiler, b: Value) -> tuple[str, str | None]:
    """An integer divisor that the processor can divide by, and where the result is null.

    0 and -1 end a process (the latter with the smallest integer); a remainder of -1 is that of 1.
    """
    builder = compiler.builder
    if b.literal not in (None, 0, -1):
        return b.tensor, None
    one = builder.const(1, "int64")
    zero = builder.op("Equal", b.tensor, builder.const(0, "int64"))
    minus = builder.op("Equal", b.tensor, builder.const(-1, "int64"))
    return builder.op("Where", builder.op("Or", zero, minus), one, b.tensor), zero


def remainder(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`%`, with the sign of the dividend."""
    a, b = numbers_of(compiler, arguments)
    builder = compiler.builder
    if a.kind == "double":
        return combined(compiler, "double", builder.op("Mod", a.tensor, b.tensor, fmod=1), a, b)
    divisor, zero = _divisor(compiler, b)
    # The operator that gives the remainder the sign of the dividend (fmod=1) computes with doubles.
    rest = builder.op("Mod", builder.op("Abs", a.tensor), builder.op("Abs", divisor), fmod=0)
    # `Sign` is wrong for integers of more than 32 bits.
    below = builder.op("Less", a.tensor, builder.const(0, "int64"))
    signed = builder.op("Where", below, builder.op("Neg", rest), rest)
    result = combined(compiler, "integer", signed, a, b)
    return replace(result, null=builder.any_of(result.null, zero), bound=min(a.bound, b.bound))


def integer_divide(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`//`, cut towards zero."""
    a, b = numbers_of(compiler, arguments)
    builder = compiler.builder
    if a.kind == "double":
        raise compiler.refuse(
            node, "'//' needs two integers", "write floor(a / b), or trunc(a / b)"
        )
    divisor, zero = _divisor(compiler, b)
    if a.literal == 1:
        # ONNX Runtime makes y / x of (1 / x) * y, even of integers.
        none = builder.const(0, "int64")
        is_one = builder.op("Equal", b.tensor, builder.const(1, "int64"))
        quotient = builder.op("Where", is_one, a.tensor, none)
    else:
        quotient = builder.op("Div", a.tensor, divisor)
    if zero is not None:
        minus = builder.op("Equal", b.tensor, builder.const(-1, "int64"))
        quotient = builder.op("Where", minus, builder.op("Neg", a.tensor), quotient)
    result = combined(compiler, "integer", quotient, a, b)
    return replace(result, null=builder.any_of(result.null, zero), bound=a.bound)
