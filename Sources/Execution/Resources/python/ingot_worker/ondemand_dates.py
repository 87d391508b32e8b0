"""Parts of times in UTC, from microseconds since 1970, with integer operators only.

The calendar arithmetic is the usual one on years that begin in March, with days counted from so
early that no quotient is of a negative number (Howard Hinnant, "chrono-compatible low-level date
algorithms").
"""

from __future__ import annotations

from ingot_worker.ondemand_values import Builder, Value

MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
}
PARTS = (
    *("year", "quarter", "month", "day", "dayofyear", "dayofweek", "isodow"),
    *("hour", "minute", "second"),
)
# Of DuckDB's names for parts, those that are another's.
ALIASES = {
    "dayofmonth": "day",
    "dow": "dayofweek",
    "weekday": "dayofweek",
    "doy": "dayofyear",
    **{
        f"{name}s": name for name in ("year", "quarter", "month", "day", "hour", "minute", "second")
    },
    **{"y": "year", "mon": "month", "d": "day", "h": "hour", "m": "minute", "s": "second"},
    **{"milliseconds": "millisecond", "microseconds": "microsecond"},
}
# DuckDB's times reach back some 292,000 years: 800 times 400 years are more.
_ERAS = 800
_ERA_DAYS = 146_097


class Dates:
    """Date parts of int64 tensors."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def _binary(self, operator: str, a: str, b: int) -> str:
        return self._builder.op(operator, a, self._builder.const(b, "int64"))

    def _div(self, a: str, b: int) -> str:
        """Of numbers that are not negative."""
        return self._binary("Div", a, b)

    def floor_div(self, a: str, b: int) -> str:
        """The largest integer that is not above a / b."""
        if b == 1:
            return a
        rest = self._builder.op("Mod", a, self._builder.const(b, "int64"), fmod=0)
        return self._div(self._builder.op("Sub", a, rest), b)

    def _modulo(self, a: str, b: int) -> str:
        """Never negative."""
        return self._builder.op("Mod", a, self._builder.const(b, "int64"), fmod=0)

    def part(self, name: str, time: Value) -> Value:
        """A part of a timestamp or date, as an integer."""
        tensor = getattr(self, f"_{name}")(time.tensor)
        bound = 300_000 if name == "year" else 1_000
        return Value("integer", tensor, time.null, bound, None, time.is_constant)

    def _days(self, time: str) -> str:
        return self.floor_div(time, MICROSECONDS["day"])

    def _hour(self, time: str) -> str:
        return self._div(self._modulo(time, MICROSECONDS["day"]), MICROSECONDS["hour"])

    def _minute(self, time: str) -> str:
        return self._div(self._modulo(time, MICROSECONDS["hour"]), MICROSECONDS["minute"])

    def _second(self, time: str) -> str:
        return self._div(self._modulo(time, MICROSECONDS["minute"]), MICROSECONDS["second"])

    def _dayofweek(self, time: str) -> str:
        """0 is Sunday; 1970 began on a Thursday."""
        return self._modulo(self._binary("Add", self._days(time), 4), 7)

    def _isodow(self, time: str) -> str:
        """1 is Monday, 7 Sunday."""
        return self._binary("Add", self._modulo(self._binary("Add", self._days(time), 3), 7), 1)

    def _civil(self, time: str) -> tuple[str, str, str, str]:
        """Era, year of the era, day of the year from March, month from March (0 to 11)."""
        op = self._builder.op
        days = self._binary("Add", self._days(time), 719_468 + _ERAS * _ERA_DAYS)
        era = self._div(days, _ERA_DAYS)
        day = op("Sub", days, self._binary("Mul", era, _ERA_DAYS))
        shifted = op("Sub", day, self._div(day, 1_460))
        shifted = op("Add", shifted, self._div(day, 36_524))
        shifted = op("Sub", shifted, self._div(day, 146_096))
        year = self._div(shifted, 365)
        before = op("Add", self._binary("Mul", year, 365), self._div(year, 4))
        before = op("Sub", before, self._div(year, 100))
        day_of_year = op("Sub", day, before)
        month = self._div(self._binary("Add", self._binary("Mul", day_of_year, 5), 2), 153)
        return era, year, day_of_year, month

    def _is_late(self, time: str) -> str:
        """January or February, which belong to the March year before."""
        month = self._civil(time)[3]
        return self._builder.op("Greater", month, self._builder.const(9, "int64"))

    def _year(self, time: str) -> str:
        op = self._builder.op
        era, year, _, _ = self._civil(time)
        full = op("Add", self._binary("Mul", self._binary("Sub", era, _ERAS), 400), year)
        return op("Where", self._is_late(time), self._binary("Add", full, 1), full)

    def _month(self, time: str) -> str:
        month = self._civil(time)[3]
        return self._builder.op(
            "Where",
            self._is_late(time),
            self._binary("Sub", month, 9),
            self._binary("Add", month, 3),
        )

    def _quarter(self, time: str) -> str:
        return self._div(self._binary("Add", self._month(time), 2), 3)

    def _day(self, time: str) -> str:
        _, _, day, month = self._civil(time)
        before = self._div(self._binary("Add", self._binary("Mul", month, 153), 2), 5)
        return self._binary("Add", self._builder.op("Sub", day, before), 1)

    def _dayofyear(self, time: str) -> str:
        op = self._builder.op
        _, year, day, _ = self._civil(time)
        zero = self._builder.const(0, "int64")
        fourth = op("Equal", self._modulo(year, 4), zero)
        century = op("Equal", self._modulo(year, 100), zero)
        is_leap = op("And", fourth, op("Or", op("Not", century), op("Equal", year, zero)))
        # To the end of February.
        before = op(
            "Where",
            is_leap,
            self._builder.const(61, "int64"),
            self._builder.const(60, "int64"),
        )
        return op(
            "Where", self._is_late(time), self._binary("Sub", day, 305), op("Add", day, before)
        )
