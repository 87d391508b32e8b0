"""The functions and operators of on-demand expressions."""

from __future__ import annotations

from ingot_worker import ondemand_choices as choices
from ingot_worker import ondemand_numbers as numbers
from ingot_worker import ondemand_rounding as rounding
from ingot_worker import ondemand_times as times
from ingot_worker.ondemand_dates import PARTS
from ingot_worker.ondemand_numbers import Function

_MANY = 100

# With the smallest and largest numbers of arguments.
OPERATORS: dict[str, tuple[int, int, Function]] = {
    "+": (1, 2, numbers.arithmetic("Add", lambda a, b: a + b)),
    "-": (1, 2, times.subtract),
    "*": (2, 2, numbers.arithmetic("Mul", lambda a, b: a * b)),
    "/": (2, 2, numbers.divide),
    "//": (2, 2, numbers.integer_divide),
    "%": (2, 2, numbers.remainder),
    "**": (2, 2, rounding.power),
    "^": (2, 2, rounding.power),
}
FUNCTIONS: dict[str, tuple[int, int, Function]] = {
    "abs": (1, 1, rounding.absolute),
    **dict.fromkeys(("ceil", "ceiling"), (1, 1, rounding.unary("Ceil"))),
    "cos": (1, 1, rounding.unary("Cos")),
    **dict.fromkeys(("date_diff", "datediff"), (3, 3, times.date_diff)),
    **dict.fromkeys(("date_part", "datepart"), (2, 2, times.date_part)),
    **{name: (1, 1, times.part(name)) for name in PARTS},
    "weekday": (1, 1, times.part("dayofweek")),
    "dayofmonth": (1, 1, times.part("day")),
    "epoch": (1, 1, times.epoch),
    "epoch_ms": (1, 1, times.epoch_ms),
    "epoch_us": (1, 1, times.epoch_us),
    "exp": (1, 1, rounding.unary("Exp")),
    "floor": (1, 1, rounding.unary("Floor")),
    "greatest": (1, _MANY, choices.extreme(">")),
    "if": (3, 3, choices.choose_if),
    "least": (1, _MANY, choices.extreme("<")),
    "ln": (1, 1, rounding.unary("Log")),
    **dict.fromkeys(("log", "log10"), (1, 1, rounding.logarithm(10.0))),
    "log2": (1, 1, rounding.logarithm(2.0)),
    "mod": (2, 2, numbers.remainder),
    "nullif": (2, 2, choices.nullif),
    "pi": (0, 0, rounding.pi),
    **dict.fromkeys(("pow", "power"), (2, 2, rounding.power)),
    "round": (1, 2, rounding.rounded),
    "sign": (1, 1, rounding.sign),
    "sin": (1, 1, rounding.unary("Sin")),
    "sqrt": (1, 1, rounding.unary("Sqrt")),
    "trunc": (1, 1, rounding.trunc),
}
# Of which DuckDB's parser makes something else, so that they come as operators.
SYNTAX = ("coalesce", "extract", "ifnull")
