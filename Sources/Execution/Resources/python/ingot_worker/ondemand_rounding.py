"""On-demand expressions: functions of one number, and casts to integers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ingot_worker.ondemand_numbers import Function, Node, combined, double_of, number_of
from ingot_worker.ondemand_values import Value

if TYPE_CHECKING:
    from ingot_worker.ondemand_compiler import Compiler


def unary(operator: str) -> Function:
    """One operator on a double."""

    def function(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
        value = double_of(compiler, arguments[0])
        return combined(compiler, "double", compiler.builder.op(operator, value.tensor), value)

    return function


def absolute(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`abs`."""
    value = number_of(compiler, arguments[0])
    result = combined(compiler, value.kind, compiler.builder.op("Abs", value.tensor), value)
    return replace(result, bound=value.bound)


def sign(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """-1, 0 or 1; 0 for NaN."""
    value = number_of(compiler, arguments[0])
    builder = compiler.builder
    zero = builder.const(0, "float64" if value.kind == "double" else "int64")
    one, none, minus = (builder.const(n, "int64") for n in (1, 0, -1))
    below = builder.op("Where", builder.op("Less", value.tensor, zero), minus, none)
    tensor = builder.op("Where", builder.op("Greater", value.tensor, zero), one, below)
    return replace(combined(compiler, "integer", tensor, value), bound=1)


def _truncated(compiler: Compiler, tensor: str) -> str:
    builder = compiler.builder
    whole = builder.op("Floor", builder.op("Abs", tensor))
    return builder.op("Mul", whole, builder.op("Sign", tensor))


def trunc(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """Cut towards zero."""
    value = number_of(compiler, arguments[0])
    if value.kind == "integer":
        return value
    return combined(compiler, "double", _truncated(compiler, value.tensor), value)


def _to_nearest(compiler: Compiler, tensor: str) -> str:
    """Half away from zero; the operator `Round` goes to the even neighbour."""
    builder = compiler.builder
    whole = _truncated(compiler, tensor)
    rest = builder.op("Abs", builder.op("Sub", tensor, whole))
    zero = builder.const(0.0, "float64")
    more = builder.op("Not", builder.op("Less", rest, builder.const(0.5, "float64")))
    step = builder.op("Where", more, builder.op("Sign", tensor), zero)
    # Infinities have no rest.
    return builder.op("Where", builder.op("IsInf", tensor), tensor, builder.op("Add", whole, step))


def rounded(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`round`, with or without a number of digits."""
    value = number_of(compiler, arguments[0])
    builder = compiler.builder
    digits = 0
    if len(arguments) == 2:
        given = compiler.compile(arguments[1])
        if given.kind != "integer" or given.literal is None or not -15 <= given.literal <= 15:
            raise compiler.refuse(
                arguments[1], "the number of digits must be a literal from -15 to 15"
            )
        digits = int(given.literal)
    if value.kind == "integer":
        if digits < 0:
            raise compiler.refuse(
                arguments[1], "integers cannot be rounded to tens", "round a DOUBLE"
            )
        return value
    if digits == 0:
        return combined(compiler, "double", _to_nearest(compiler, value.tensor), value)
    scale = builder.const(math.pow(10, abs(digits)), "float64")
    there, back = ("Mul", "Div") if digits > 0 else ("Div", "Mul")
    tensor = builder.op(back, _to_nearest(compiler, builder.op(there, value.tensor, scale)), scale)
    odd = builder.op("Or", builder.op("IsNaN", tensor), builder.op("IsInf", tensor))
    return combined(compiler, "double", builder.op("Where", odd, value.tensor, tensor), value)


def logarithm(base: float) -> Function:
    """Exact at powers of the base, which a division of logarithms is not."""

    def function(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
        value = double_of(compiler, arguments[0])
        builder = compiler.builder
        natural = builder.op("Log", value.tensor)
        near = builder.op("Div", natural, builder.const(math.log(base), "float64"))
        whole = builder.op("Round", near)
        power = builder.op("Pow", builder.const(base, "float64"), whole)
        tensor = builder.op("Where", builder.op("Equal", power, value.tensor), whole, near)
        return combined(compiler, "double", tensor, value)

    return function


def power(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """`power`, `**` and `^`."""
    a, b = (double_of(compiler, argument) for argument in arguments)
    return combined(compiler, "double", compiler.builder.op("Pow", a.tensor, b.tensor), a, b)


def pi(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """A constant."""
    return Value("double", compiler.builder.const(math.pi, "float64"), None, 0, math.pi, True)


def to_integer(compiler: Compiler, value: Value, bits: int) -> Value:
    """A cast: a double goes to the nearest integer, of two to the even one; what does not fit is
    null."""
    from onnx import TensorProto

    builder = compiler.builder
    limit = 2.0**bits
    if value.kind != "double":
        value = builder.to_integer(value)
        if value.bound <= limit - 1 or bits == 63:
            return value
        low, high = (builder.const(int(n), "int64") for n in (-limit, limit - 1))
        outside = builder.op(
            "Or",
            builder.op("Less", value.tensor, low),
            builder.op("Greater", value.tensor, high),
        )
        null = builder.any_of(value.null, outside)
        return replace(value, null=null, bound=limit, literal=None)
    whole = builder.op("Round", value.tensor)
    low, high = (builder.const(n, "float64") for n in (-limit, limit))
    inside = builder.op(
        "And",
        builder.op("GreaterOrEqual", whole, low),
        builder.op("Less", whole, high),
    )
    outside = builder.op("Not", inside)
    safe = builder.op("Where", outside, builder.const(0.0, "float64"), whole)
    tensor = builder.op("Cast", safe, to=TensorProto.INT64)
    null = builder.any_of(value.null, outside)
    return Value("integer", tensor, null, limit, None, value.is_constant)
