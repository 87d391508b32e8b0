"""On-demand expressions: choosing between values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingot_worker.ondemand_numbers import Function, Node
from ingot_worker.ondemand_values import Value

if TYPE_CHECKING:
    from ingot_worker.ondemand_compiler import Compiler


def select(compiler: Compiler, condition: Value, first: Value, second: Value) -> Value:
    """The first where the condition is true, else (false or null) the second."""
    builder = compiler.builder
    if first.kind == "null":
        return first
    is_boolean = first.kind == "boolean"
    tensor = builder.choose(condition.tensor, first.tensor, second.tensor, is_boolean)
    null = None
    if first.null is not None or second.null is not None:
        no = builder.const(False, "bool")
        null = builder.choose(condition.tensor, first.null or no, second.null or no, True)
    constant = condition.is_constant and first.is_constant and second.is_constant
    bound = max(first.bound, second.bound)
    return Value(first.kind, tensor, null, bound, None, constant)


def coalesce(compiler: Compiler, values: list[Value]) -> Value:
    """The first that is not null."""
    result = values[-1]
    for value in reversed(values[:-1]):
        if value.kind == "null" or value.null is None:
            result = value
            continue
        given = compiler.builder.op("Not", value.null)
        condition = Value("boolean", given, None, 1, None, value.is_constant)
        chosen = select(compiler, condition, value, result)
        # It is null only where both are.
        null = result.null and compiler.builder.op("And", value.null, result.null)
        result = replace(chosen, null=null)
    return result


def choose_if(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """if(condition, first, second)."""
    condition = compiler.truth(arguments[0])
    first, second = compiler.alike(arguments[1:])
    return select(compiler, condition, first, second)


def nullif(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
    """The first, or null where the two are equal."""
    first, second = compiler.alike(arguments)
    if first.kind == "null":
        return first
    same = compiler.comparison(node, "=", first, second)
    null = compiler.builder.any_of(first.null, same.tensor)
    tensor = first.tensor
    if first.kind == "boolean":
        tensor = compiler.builder.without(tensor, null)
    constant = first.is_constant and second.is_constant
    return replace(first, tensor=tensor, null=null, literal=None, is_constant=constant)


def extreme(operator: str) -> Function:
    """`greatest` (with >) or `least` (with <): nulls are passed over."""

    def function(compiler: Compiler, node: Node, arguments: list[Node]) -> Value:
        result, *others = compiler.alike(arguments)
        for other in others:
            if result.kind == "null":
                return result
            better = compiler.comparison(node, operator, result, other)
            keep = compiler.builder.any_of(better.tensor, other.null) or better.tensor
            if result.null is not None:
                keep = compiler.builder.without(keep, result.null)
            null = None
            if result.null is not None and other.null is not None:
                null = compiler.builder.op("And", result.null, other.null)
            condition = Value("boolean", keep, None, 1, None, better.is_constant)
            result = replace(select(compiler, condition, result, other), null=null)
        return result

    return function
