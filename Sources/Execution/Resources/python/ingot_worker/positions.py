"""Binary search in the sorted rows of a view: the statement of a program that is not SQL.

Neither the rows of the view nor the points are in the interpreter's memory all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Integers: TypeAlias = NDArray[np.int64]

# Of what is found for some points.
FOUND_BYTES = 128 << 20
ROWS_AT_ONCE = 1 << 20
# Small enough for the processor's cache: a quarter of the time.
KEYS_AT_ONCE = 1 << 14
_POINTS = '"ingot points"'
_FOUND = "ingot found"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def search(connection: duckdb.DuckDBPyConnection, spec: dict[str, Any]) -> None:
    """Make the table `spec["table"]`.

    `points` is a query with the columns `kept`, among them `__begin`, and `__end` (which rows of
    the view `artifact` may be found: positions, half open) and the times of the `bounds`. The
    column of a bound (`name`, `time`, `isIncluded`) has the position of the first of those rows
    whose `__event` does not lie before the time (or at it), `__end` if there is none. That of a
    total (`name`, `column`, `bound`) has the column's value in the row before the bound's
    position, 0 before the first of all. Points whose bound `visible` is `__begin` are left out.
    """
    table, is_made = _identifier(spec["table"]), False
    width = 8 * (2 * len(spec["bounds"]) + 4) + 16 * len(spec["totals"])
    for points in _points(connection, spec["points"], max(FOUND_BYTES // width, 1)):
        connection.register(_FOUND, _found(connection, spec, points))
        connection.execute(
            f"{f'INSERT INTO {table}' if is_made else f'CREATE TEMP TABLE {table} AS'} "
            f"SELECT * FROM {_identifier(_FOUND)} WHERE {_identifier(spec['visible'])} > __begin"
        )
        connection.unregister(_FOUND)
        is_made = True


def _points(connection: duckdb.DuckDBPyConnection, query: str, at_once: int) -> Iterator[pa.Table]:
    """The rows of the query in parts; at least one part."""
    first = connection.sql(f"SELECT * FROM (\n{query}\n) LIMIT {at_once + 1}").to_arrow_table()
    if len(first) <= at_once:
        yield first
        return
    connection.execute(f"CREATE TEMP TABLE {_POINTS} AS\n{query}")
    [(number,)] = connection.execute(f"SELECT count(*) FROM {_POINTS}").fetchall()
    for start in range(0, number, at_once):
        yield connection.sql(
            f"SELECT * FROM {_POINTS} WHERE rowid >= {start} AND rowid < {start + at_once}"
        ).to_arrow_table()
    connection.execute(f"DROP TABLE {_POINTS}")


def _found(
    connection: duckdb.DuckDBPyConnection, spec: dict[str, Any], points: pa.Table
) -> pa.Table:
    """The rows of the table for some of the points."""
    import numpy as np
    import pyarrow as pa

    begin, end = _integers(points["__begin"]), _integers(points["__end"])
    times = {bound["time"]: _integers(points[bound["time"]]) for bound in spec["bounds"]}
    places = {bound["name"]: begin.copy() for bound in spec["bounds"]}
    source = _Rows(connection, spec["artifact"], begin, end)
    for first, batch in source.read(["__event"]):
        events = _integers(batch["__event"])
        for start in range(0, len(begin), KEYS_AT_ONCE):
            some = slice(start, start + KEYS_AT_ONCE)
            low = np.clip(begin[some] - first, 0, len(events))
            high = np.clip(end[some] - first, 0, len(events))
            for bound in spec["bounds"]:
                key = times[bound["time"]][some]
                place = _bisect(events, low, high, key, bound["isIncluded"])
                # All of the entity's rows in earlier batches lie before a row that is found here.
                places[bound["name"]][some] += place - low
    columns = {name: points[name] for name in spec["kept"]}
    return pa.table({**columns, **places, **_totals(source, spec["totals"], places)})


def _totals(
    source: _Rows, totals: list[dict[str, Any]], places: dict[str, Integers]
) -> dict[str, pa.Array]:
    import numpy as np
    import pyarrow as pa

    made = {}
    for column in sorted({total["column"] for total in totals}):
        names = {total["name"]: total["bound"] for total in totals if total["column"] == column}
        for first, batch in source.read([column]):
            kind, values = batch[column].type, _fixed_width(batch[column])
            for name, bound in names.items():
                if name not in made:
                    made[name] = kind, np.zeros(len(places[bound]), values.dtype)
                before = places[bound] - (first + 1)
                here = np.flatnonzero((before >= 0) & (before < len(values)))
                made[name][1][here] = values[before[here]]
    return {
        name: pa.Array.from_buffers(kind, len(raw), [None, pa.py_buffer(raw)])
        for name, (kind, raw) in made.items()
    }


class _Rows:
    """Those of an artifact that some points may find, and the row before them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        artifact: str,
        begin: Integers,
        end: Integers,
    ) -> None:
        self._connection = connection
        self._artifact = artifact
        self._first = max(int(begin.min()) - 1, 0) if len(begin) else 0
        self._end = int(end.max()) if len(end) else 0

    def read(self, columns: list[str]) -> Iterator[tuple[int, pa.Table]]:
        """Parts, each with the position of its first row; one of no rows if there are none."""
        names = ", ".join(map(_identifier, columns))
        first = self._first
        while True:
            end = min(first + ROWS_AT_ONCE, self._end)
            table = self._connection.sql(
                f"SELECT {names} FROM {_identifier(self._artifact)} "
                f"WHERE file_row_number >= {first} AND file_row_number < {end}"
            ).to_arrow_table()
            yield first, table
            first = end
            if first >= self._end:
                return


def _integers(column: pa.ChunkedArray | pa.Array) -> Integers:
    """Integers or times (as microseconds) without nulls."""
    import numpy as np

    numbers: Integers = column.to_numpy(zero_copy_only=False).view(np.int64)
    return numbers


def _fixed_width(column: pa.ChunkedArray) -> NDArray[np.void]:
    """The bytes of each value; none is null."""
    import numpy as np

    kind = f"V{column.type.bit_width // 8}"
    parts = [
        np.frombuffer(part.buffers()[1], kind)[part.offset :][: len(part)] for part in column.chunks
    ]
    return np.concatenate([np.empty(0, kind), *parts])


def _bisect(
    values: Integers, low: Integers, high: Integers, keys: Integers, is_included: bool
) -> Integers:
    """For each key, the place from `low` to `high` before which all values are less (or equal).

    The values between each `low` and `high` are sorted.
    """
    import numpy as np

    place = low.copy()
    for bit in reversed(range(int((high - low).max()).bit_length())):
        probe = place + (1 << bit)
        value = values.take(probe - 1, mode="clip")
        is_before = value <= keys if is_included else value < keys
        is_before &= probe <= high
        place += is_before.astype(np.int64) << bit
    return place
